"""The time, in one place that tests can set."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
