"""The clickstream table: which record of the stream brought which click, and what was counted in each minute.

Every write is one PutItem, on condition that the row has not changed since it was read. So a crash leaves nothing half
done, and of two writers the second reads what the first wrote and decides again.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, get_args

from clickstream import domain
from clickstream.domain import Claims, Counted, Counter, Occurrence, Place, Span
from shopkit import clock
from shopkit.optimistic import Contended, Row, attempts, put_row
from shopkit.rows import loaded, query, readable, whole_number

# At most 2,000 clicks, whose rows stay below DynamoDB's 400 KB however long their ids and skus are.
MAX_RECORDS_AT_ONCE = 20
# Twice the longest window. Claims are kept longer than any window shows what they counted.
_COUNTS_LAST = timedelta(days=2)
_CLAIMS_LAST = timedelta(days=7)
# About 4 MB, which take some seconds to read.
_MOST_COUNTS = 200_000
_COUNTERS: Mapping[str, Counter] = {counter: counter for counter in get_args(Counter)}


@dataclass(frozen=True)
class _Series[T]:
    """Numbered rows of one kind, written one after another. Only the last one changes. Once it is full, the next one is
    begun, and it never changes again."""

    pk: str
    prefix: str
    expires: datetime
    load: Callable[[Row], T]
    dump: Callable[[T], Row]

    def change(self, rule: Callable[[Sequence[T]], Sequence[T]]) -> Sequence[T]:
        """Applies a rule that changes the last value, adds one, or changes nothing. Returns what the rows then hold.
        Raises Contended after five lost races, and Unreadable."""
        for _ in attempts():
            rows = self._rows()
            before = [loaded(row, self.load) for row in rows]
            after = rule(before)
            if after == before:
                return after
            try:
                self._write(after[-1], rows[-1] if rows else None, new=len(after) > len(before))
            except Contended:
                continue
            return after
        raise Contended(self.pk, self.prefix)

    def _rows(self) -> list[Row]:
        """Reads the last row first. As it exists, those before it are full and can be read in peace."""
        last = next(self._read("", "~", ScanIndexForward=False, Limit=1), None)
        if last is None:
            return []
        number = self._number(last)
        return [*(self._read("", f"{number - 1:04}") if number else ()), last]

    def _read(self, first: str, last: str, **options: Any) -> Iterator[dict[str, Any]]:
        condition = "pk = :pk AND sk BETWEEN :first AND :last"
        values = {":pk": self.pk, ":first": self.prefix + first, ":last": self.prefix + last}
        return query(_table(), condition, values, ConsistentRead=True, **options)

    def _write(self, value: T, last: Row | None, *, new: bool) -> None:
        number = self._number(last) + new if last else 0
        seen = whole_number(last, "revision") if last and not new else None
        row = {
            **self.dump(value),
            "pk": self.pk,
            "sk": f"{self.prefix}{number:04}",
            "revision": (seen or 0) + 1,
            "expires_at": int(self.expires.timestamp()),
        }
        put_row(_table(), row, key="pk", seen=seen)

    def _number(self, row: Row) -> int:
        return int(row["sk"].removeprefix(self.prefix))


def claim(session: str, brought: Claims) -> Claims:
    """Claims the session's clicks that these records are the first to bring. Returns the records' claims, also those
    of an earlier delivery. Raises Contended and Unreadable."""
    series = _Series(f"session#{session}", "claims#", clock.now() + _CLAIMS_LAST, _claims_in, _claims_row)
    rows = series.change(lambda rows: domain.claim(rows, brought))
    return {record: clicks for row in rows for record, clicks in row.items() if record in brought}


def count(place: Place, brought: Mapping[str, Sequence[Occurrence]]) -> None:
    """Counts what these records or events bring, unless they were counted before. Raises Contended and Unreadable."""
    pk, time = _key(place.minute)
    series = _Series(pk, f"{time}#{place.lane}#", place.minute + _COUNTS_LAST, _counted_in, _counted_row)
    series.change(lambda rows: domain.count(rows, brought))


def counted(spans: Iterable[Span]) -> Iterator[tuple[Occurrence, int]]:
    """Yields what was counted in these minutes of arrival, newest first. The oldest is left out if clicks have made
    more than one response can read."""
    yield from islice(_counts(spans), _MOST_COUNTS)


def _counts(spans: Iterable[Span]) -> Iterator[tuple[Occurrence, int]]:
    for span in reversed(list(spans)):
        (pk, first), (_, last) = _key(span.first), _key(span.last)
        found = query(
            _table(),
            "pk = :pk AND sk BETWEEN :first AND :last",
            # After every row of the last minute: no lane has a tilde.
            {":pk": pk, ":first": first, ":last": f"{last}~"},
            ScanIndexForward=False,
        )
        for row in readable(found, _counted_in):
            for minute, counters in row.counts.items():
                for counter, skus in counters.items():
                    yield from ((Occurrence(counter, sku, minute), number) for sku, number in skus.items())


def _key(minute: datetime) -> tuple[str, str]:
    """Returns the partition of a minute's day, and the minute in it."""
    return f"counts#{minute:%Y-%m-%d}", f"{minute:%H:%M}"


def _claims_in(row: Row) -> Claims:
    return {
        record: {id_: _occurrence(*said) for id_, said in clicks.items()} for record, clicks in row["claims"].items()
    }


def _occurrence(counter: str, sku: str, minute: str) -> Occurrence:
    return Occurrence(_COUNTERS[counter], sku, _minute_in(minute))


def _claims_row(claims: Claims) -> Row:
    return {
        "claims": {
            record: {id_: [one.counter, one.sku, _text(one.minute)] for id_, one in clicks.items()}
            for record, clicks in claims.items()
        }
    }


def _counted_in(row: Row) -> Counted:
    counts = {
        _minute_in(minute): {
            _COUNTERS[counter]: {sku: whole_number(skus, sku) for sku in skus} for counter, skus in counters.items()
        }
        for minute, counters in row["counts"].items()
    }
    return Counted(frozenset(row["counted"]), counts)


def _counted_row(counted: Counted) -> Row:
    return {"counted": set(counted.ids), "counts": {_text(minute): names for minute, names in counted.counts.items()}}


def _minute_in(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _text(minute: datetime) -> str:
    return minute.replace(tzinfo=None).isoformat(timespec="minutes")


def _table() -> str:
    return os.environ["CLICKSTREAM_TABLE"]
