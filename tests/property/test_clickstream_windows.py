"""A window of minutes, however it lies across days, is read whole, once, and in few queries."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from clickstream.domain import MAX_MINUTES, Span, spans

moments = st.datetimes(datetime(2024, 1, 1), datetime(2025, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def minutes_of(span: Span) -> Iterator[datetime]:
    assert span.first.date() == span.last.date(), "a day is a partition"
    minute = span.first
    while minute <= span.last:
        yield minute
        minute += timedelta(minutes=1)


@settings(deadline=None)
@given(st.integers(1, MAX_MINUTES), moments)
@example(60, datetime(2024, 5, 17, 10, 59, tzinfo=UTC))
@example(MAX_MINUTES, datetime(2024, 5, 17, 23, 59, tzinfo=UTC))
@example(1, datetime(2024, 5, 17, 0, 0, tzinfo=UTC))
def test_a_window_is_each_of_its_minutes_once_in_at_most_two_spans(minutes: int, now: datetime) -> None:
    window = list(spans(minutes, now))
    present = now.replace(second=0, microsecond=0)
    expected = [present - timedelta(minutes=back) for back in reversed(range(minutes))]
    assert [minute for span in window for minute in minutes_of(span)] == expected
    assert len(window) <= 2
