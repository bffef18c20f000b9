"""Finds in the logs why a consumer gave up a message."""

import json
from typing import Any

from botocore.exceptions import ClientError

from deployed.dead_letters.destinations import StillFails, ToSource
from deployed.dead_letters.letters import Letter
from deployed.dead_letters.places import Place
from deployed.stack import Stack

_LINES = 20


def logged_cause(stack: Stack, place: Place, letter: Letter) -> str | None:
    """Returns the last error that was logged with the message's id (shopkit.consumer logs it with each failure)."""
    if not isinstance(place.destination, ToSource):
        return None
    try:
        group = place.destination.source_of(letter).logs
        lines = _lines(stack, group, letter) if group else []
    except (StillFails, ClientError):  # logs help, but are not required
        return None
    causes = [cause for cause in map(_cause_in, lines) if cause]
    return causes[-1] if causes else None


def _lines(stack: Stack, group: str, letter: Letter) -> list[str]:
    pages = (
        stack.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=group,
            filterPattern=f'"{letter.id}"',
            startTime=int(letter.since.timestamp() * 1000),
            PaginationConfig={"MaxItems": _LINES},
        )
    )
    return [event["message"] for page in pages for event in page.get("events", [])]


def _cause_in(line: str) -> str | None:
    """Returns the last line of the exception in a structured log line."""
    try:
        entry: Any = json.loads(line)
        exception: str = entry["exception"]
    except (ValueError, KeyError, TypeError):
        return None
    return exception.strip().splitlines()[-1]
