"""Waiting for what an event-driven shop does in its own time."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 60.0
# Looking costs the processor that does the work: the longer it has taken, the longer the pause.
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS, _PAUSE_SHARE = 0.05, 0.5, 0.1


def eventually(look: Callable[[], object], expected: object, *, within: float = PATIENCE_SECONDS) -> None:
    """Looks until it sees what is expected. Raises AssertionError with what it saw last after `within` seconds."""
    until(look, lambda seen: seen == expected, f"{expected!r}", within=within)


def until[T](look: Callable[[], T], fits: Callable[[T], bool], what: str, *, within: float = PATIENCE_SECONDS) -> T:
    """Looks until what it sees fits; `what` names that for the AssertionError."""
    began = time.monotonic()
    while not fits(seen := look()):
        waited = time.monotonic() - began
        if waited > within:
            raise AssertionError(f"after {within:g} s it is {seen!r}, not {what}")
        time.sleep(min(max(_SHORTEST_PAUSE_SECONDS, _PAUSE_SHARE * waited), _LONGEST_PAUSE_SECONDS))
    return seen
