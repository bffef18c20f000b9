"""Waiting between attempts."""

import random
import time

_BASE_SECONDS = 0.05


def pause(attempt: int) -> None:
    """Full jitter, growing with `attempt` (from 1), so that those who collided do not collide again."""
    time.sleep(random.uniform(0, _BASE_SECONDS * 2**attempt))  # noqa: S311 - nothing secret about it
