"""Waiting between attempts."""

import random
import time


def pause(attempt: int, *, first: float = 0.1, longest: float = 1.0) -> None:
    """Waits after a failed `attempt` (counted from 1) for a random time below a limit in seconds. The limit starts at
    `first` and doubles with each attempt up to `longest` (AWS Architecture Blog, "Exponential Backoff And Jitter":
    full jitter)."""
    time.sleep(random.uniform(0, min(longest, first * 2 ** (attempt - 1))))  # noqa: S311 - nothing secret about it
