"""Errors that a person sees instead of a traceback: one line and an exit code."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_HERE = {"localhost", "127.0.0.1", "::1"}


class CommandError(Exception):
    """The command could not do what was asked. The message says why, and what to do."""

    exit_code = 1

    def document(self) -> dict[str, Any]:
        """Returns the error as JSON data."""
        return {"detail": str(self)}


class Usage(CommandError):
    """The command was called incorrectly."""

    exit_code = 2


class Refused(CommandError):
    """The API refused the request. `problem` is its response (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(_sentence(status, problem))
        self.status = status
        self.problem = dict(problem)

    def document(self) -> dict[str, Any]:
        return {"status": self.status, **self.problem}


def unreachable(url: str) -> CommandError:
    if urlsplit(url).hostname in _HERE:
        return CommandError(f"Nothing answers at {url}. The local shop is stopped; start it: make run")
    return CommandError(f"Nothing answers at {url}. Is there a network, and is the region right?")


def _sentence(status: int, problem: Mapping[str, Any]) -> str:
    # Errors of API Gateway itself are {"message": …}, unless the template defines a better response.
    detail = problem.get("detail") or problem.get("message") or problem.get("title") or "refused without a reason"
    where = [f"{error['pointer'] or '/'}: {error['detail']}" for error in problem.get("errors", [])]
    return f"{detail} ({status})" + "".join(f"\n  {place}" for place in where)
