"""Waiting between attempts."""

import random
import time


def pause(attempt: int, *, first: float = 0.1, longest: float = 1.0) -> None:
    """Waits after a failed `attempt` (from 1): twice as long each time, from `first` up to `longest` seconds, of which
    chance takes a share, so that those who collided do not collide again (AWS Architecture Blog, "Exponential Backoff
    And Jitter": full jitter)."""
    time.sleep(random.uniform(0, min(longest, first * 2 ** (attempt - 1))))  # noqa: S311 - nothing secret about it
