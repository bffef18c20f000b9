"""Waiting for what an event-driven shop does in its own time."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.05


def eventually(look: Callable[[], object], expected: object, *, within: float = PATIENCE_SECONDS) -> None:
    """Looks until it sees what is expected. Raises AssertionError with what it saw last after `within` seconds."""
    until(look, lambda seen: seen == expected, f"{expected!r}", within=within)


def until[T](look: Callable[[], T], fits: Callable[[T], bool], what: str, *, within: float = PATIENCE_SECONDS) -> T:
    """Looks until what it sees fits; `what` names that for the AssertionError."""
    deadline = time.monotonic() + within
    while not fits(seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {within:g} s it is {seen!r}, not {what}")
        time.sleep(_PAUSE_SECONDS)
    return seen
