"""Cursor pagination: `limit` and an opaque `cursor` in, `next_cursor` out."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shopkit.problems import bad_request

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
# A cursor holds key values of a row. DynamoDB allows 1,024 bytes for a key (Developer Guide, "Constraints").
_MAX_KEY_BYTES = 1024
_MAX_CURSOR = 4096


@dataclass(frozen=True)
class PageRequest:
    """How many items, and after which position: a fixed number of key values, or None for the start."""

    limit: int
    after: tuple[str, ...] | None


def page_request(query: Mapping[str, str], *, positions: int) -> PageRequest:
    """Reads `limit` (1 to 100) and `cursor` from the query. Raises Problem 400 for anything else."""
    return PageRequest(limit=_limit(query.get("limit")), after=_position(query.get("cursor"), positions))


def next_cursor(position: Sequence[str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(position), ensure_ascii=False).encode()).decode().rstrip("=")


def page(name: str, items: Sequence[Mapping[str, Any]], after: Sequence[str] | None) -> dict[str, Any]:
    return {name: list(items), "next_cursor": next_cursor(after) if after else None}


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MAX_LIMIT):
        raise bad_request("invalid-limit", f"limit must be a whole number from 1 to {MAX_LIMIT}.")
    return int(text)


def _position(cursor: str | None, positions: int) -> tuple[str, ...] | None:
    if cursor is None:
        return None
    try:
        if len(cursor) > _MAX_CURSOR:
            raise ValueError("too long")
        values = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if not (isinstance(values, list) and len(values) == positions):
            raise ValueError("wrong shape")
        if not all(isinstance(value, str) and 0 < len(value.encode()) <= _MAX_KEY_BYTES for value in values):
            raise ValueError("wrong values")
    except (ValueError, binascii.Error, RecursionError) as error:
        raise bad_request("invalid-cursor", "cursor is not a value that this API has returned.") from error
    return tuple(values)
