"""Times are text that sorts as they do."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from contracts.types import rfc3339


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, 600, UTC), "2026-01-02T03:04:05.000600Z"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05.000000Z"),
        (datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=5))), "2026-01-01T22:00:00.000000Z"),
        (datetime(664, 2, 3, tzinfo=UTC), "0664-02-03T00:00:00.000000Z"),
    ],
)
def test_a_time_is_written_in_utc_with_four_digits_of_year_and_six_of_seconds(moment: datetime, text: str) -> None:
    assert rfc3339(moment) == text
