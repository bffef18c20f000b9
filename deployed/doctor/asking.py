"""Makes many AWS calls at once, within a few seconds in all, and explains missing responses."""

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
# No retries: each call is made once.
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


class NoAnswer(Exception):
    """There was no response in time."""


_CONFIGURE = "Use --profile, or configure credentials: aws configure"
_NETWORK = "Check the network, and the proxy in HTTPS_PROXY if there is one."
_KNOWN: tuple[tuple[tuple[type[Exception], ...], str, str], ...] = (
    ((NoCredentialsError, PartialCredentialsError), "no credentials were found", _CONFIGURE),
    (
        (CredentialRetrievalError, SSOError, TokenRetrievalError),
        "the credentials cannot be obtained, or have expired",
        "Sign in again: aws sso login",
    ),
    ((NoAnswer,), f"AWS did not respond within {SECONDS:.0f} s", _NETWORK),
    ((ConnectionError, HTTPClientError), "AWS cannot be reached", _NETWORK),
    ((ResponseParserError,), "the response is not from AWS", _NETWORK),
)


@dataclass
class TimeBudget:
    """How many seconds the caller may still wait."""

    left: float = SECONDS

    def ask(self, questions: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        """Returns for each question its answer, or the exception that came instead; NoAnswer if it took too long.
        Threads that are still waiting are left behind, because a name look-up cannot be interrupted."""
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
        return {name: found.get(name, NoAnswer()) for name in questions}


def _put(answers: "SimpleQueue[tuple[str, Any]]", name: str, question: Callable[[], Any]) -> None:
    try:
        answers.put((name, question()))
    except Exception as error:  # noqa: BLE001 - it is the answer
        answers.put((name, error))


def why(error: Exception) -> tuple[str, str]:
    """Returns what went wrong, in words for a person, and what to do."""
    if isinstance(error, ClientError):
        code = error.response["Error"]["Code"]
        if code in _WRONG:
            return "the credentials are wrong or have expired", "Sign in again, or use --profile."
        return f"AWS refused {error.operation_name}: {code}", "Ask the account's administrator for read access."
    for kinds, reason, todo in _KNOWN:
        if isinstance(error, kinds):
            return reason, todo
    return (str(error) or repr(error)).splitlines()[0].rstrip("."), "Check your AWS configuration."
