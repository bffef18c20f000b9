"""Waiting for what an event-driven shop does in its own time."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.05


def eventually(look: Callable[[], object], expected: object, *, within: float = PATIENCE_SECONDS) -> None:
    """Repeats the call until it returns what is expected. Raises AssertionError with the last value after `within`
    seconds."""
    until(look, lambda seen: seen == expected, f"{expected!r}", within=within)


def until[T](look: Callable[[], T], fits: Callable[[T], bool], what: str, *, within: float = PATIENCE_SECONDS) -> T:
    """Repeats the call until its result fits. `what` names the condition in the AssertionError."""
    deadline = time.monotonic() + within
    while not fits(seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {within:g} s it is {seen!r}, not {what}")
        time.sleep(_PAUSE_SECONDS)
    return seen
