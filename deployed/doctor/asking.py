"""AWS asked many things at once, for no longer than a few seconds in all, and what its silence means."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

SECONDS = 5.0
# No retries: who is asked has one chance.
CONFIG = Config(connect_timeout=3, read_timeout=SECONDS, retries={"mode": "standard", "total_max_attempts": 1})
_WRONG = {
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


class Silence(Exception):
    """No answer in time."""


_CONFIGURE = "Give --profile, or configure some: aws configure"
_NETWORK = "Is there a network? A proxy in HTTPS_PROXY?"
_KNOWN: tuple[tuple[tuple[type[Exception], ...], str, str], ...] = (
    ((NoCredentialsError, PartialCredentialsError), "there are no credentials", _CONFIGURE),
    (
        (CredentialRetrievalError, SSOError, TokenRetrievalError),
        "the credentials cannot be had, or are expired",
        "Sign in again: aws sso login",
    ),
    ((Silence,), f"AWS did not answer within {SECONDS:.0f} s", _NETWORK),
    ((ConnectionError, HTTPClientError), "AWS cannot be reached", _NETWORK),
    ((ResponseParserError,), "what answers is not AWS", _NETWORK),
)


@dataclass
class Patience:
    """What is left of the seconds that may be waited."""

    left: float = SECONDS

    def ask(self, questions: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        """Every answer, or the exception that came instead; Silence for what took too long. Threads that still wait
        are left behind, because a look-up of a name cannot be ended."""
        answers: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        for name, question in questions.items():
            threading.Thread(target=_put, args=(answers, name, question), daemon=True).start()
        found: dict[str, Any] = {}
        began = time.monotonic()
        while len(found) < len(questions):
            try:
                name, answer = answers.get(timeout=max(self.left - (time.monotonic() - began), 0.001))
            except Empty:
                break
            found[name] = answer
        self.left -= time.monotonic() - began
        return {name: found.get(name, Silence()) for name in questions}


def _put(answers: "SimpleQueue[tuple[str, Any]]", name: str, question: Callable[[], Any]) -> None:
    try:
        answers.put((name, question()))
    except Exception as error:  # noqa: BLE001 - it is the answer
        answers.put((name, error))


def why(error: Exception) -> tuple[str, str]:
    """What a person calls it, and what to do."""
    if isinstance(error, ClientError):
        code = error.response["Error"]["Code"]
        if code in _WRONG:
            return "the credentials are wrong or expired", "Sign in again, or give --profile."
        return f"AWS refused {error.operation_name}: {code}", "Ask whoever manages the account for read access."
    for kinds, said, todo in _KNOWN:
        if isinstance(error, kinds):
            return said, todo
    return (str(error) or repr(error)).splitlines()[0].rstrip("."), "Look at your AWS configuration."
