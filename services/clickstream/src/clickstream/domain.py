"""How clicks and purchases are counted, and which counters a time window needs. Pure rules: no AWS, no clock."""

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from contracts.envelope import Envelope
from contracts.types import Sku, Strict, Timestamp, Value, in_utc

MAX_MINUTES = 24 * 60
# How long before its arrival a click may be dated. An earlier or future date is moved to the limit.
LATE = timedelta(hours=1)
# The most products of GET /trending. Clicks, and so their skus, come from anyone.
MOST_TRENDING = 100
# The most clicks of a request, and so of a record of the stream.
MOST_CLICKS = 100
# The most clicks of a session that count. To count one, all known ones are read: at most 0.8 MB.
MOST_OF_SESSION = 5000
# How much a row takes up before the next one is begun, so that a usual row stays below 1 KB, which is one write unit.
_CLAIMS_PER_ROW = 6
_COUNTED_PER_ROW = 50
# Purchases of a minute are spread over this many rows, because several functions count at once.
_PURCHASE_LANES = 4

Counter = Literal["views", "carts", "checkouts", "purchases"]

_COUNTER_OF: Mapping[str, Counter] = {"view": "views", "add_to_cart": "carts", "checkout": "checkouts"}
# RFC 3339 §5.6, `date-time`: in upper or lower case, with any number of decimals. Six are kept.
_RFC3339 = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})T(?P<time>(?:[01][0-9]|2[0-3]):[0-5][0-9]):(?P<second>[0-5][0-9]|60)"
    r"(?:\.(?P<decimals>[0-9]+))?(?P<zone>Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])",
    re.IGNORECASE | re.ASCII,
)


def _moment(value: Any) -> datetime:
    """Parses RFC 3339 only: pydantic would also accept a number, or a date without a time. Python has no leap seconds,
    so one becomes the last moment before it."""
    found = _RFC3339.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("not an RFC 3339 time with a zone, such as 2024-05-17T10:00:00Z")
    leap = found["second"] == "60"
    second, decimals = ("59", "9" * 6) if leap else (found["second"], (found["decimals"] or "0")[:6])
    zone = found["zone"].upper().replace("Z", "+00:00")
    moment = in_utc(datetime.fromisoformat(f"{found['date']}T{found['time']}:{second}.{decimals:0<6}{zone}"))
    if leap and not _ends_a_month(moment):
        raise ValueError("second 60 is only at the end of a month in UTC (RFC 3339 §5.7)")
    return moment


def _ends_a_month(moment: datetime) -> bool:
    last_day = monthrange(moment.year, moment.month)[1]
    return (moment.day, moment.hour, moment.minute) == (last_day, 23, 59)


Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Click(Value):
    """One action of a visitor, as in the stream. The client chooses `event_id`, the same on every retry."""

    event_id: Id
    session_id: Id
    type: Literal["view", "add_to_cart", "checkout"]
    sku: Sku
    at: Annotated[Timestamp, BeforeValidator(_moment)]


class PostedClick(Click):
    """A click in a request. Unknown fields and other JSON types are errors."""

    model_config = ConfigDict(extra="forbid", strict=True)


class PostedClicks(Strict):
    """The body of POST /clicks."""

    events: Annotated[list[PostedClick], Field(min_length=1, max_length=MOST_CLICKS)]


class Occurrence(NamedTuple):
    """Something to count, in its minute."""

    counter: Counter
    sku: str
    minute: datetime


@dataclass(frozen=True)
class Arrival:
    """One record of the stream. `sessions` holds its clicks, by session and event id. `id` and `at`, when the stream
    received it, are the same on every delivery."""

    id: str
    shard: str
    at: datetime
    sessions: Mapping[str, Mapping[str, Occurrence]]


@dataclass(frozen=True)
class Place:
    """Where something is counted: its arrival's minute, and a lane, whose writers do not wait for other lanes'."""

    minute: datetime
    lane: str


type Claims = Mapping[str, Mapping[str, Occurrence]]
"""By the id of a record of the stream, the clicks that it was the first to bring: what counts for it, for ever."""

type Counts = Mapping[datetime, Mapping[Counter, Mapping[str, int]]]
"""How many, by minute, counter and sku."""


@dataclass(frozen=True)
class Counted:
    """`counts` contains what the records or events in `ids` bring, and nothing else."""

    ids: frozenset[str]
    counts: Counts


def of_click(click: Click, arrived: datetime) -> Occurrence:
    """Returns the occurrence of a click, in its own minute if its date is within the limits."""
    at = min(max(click.at, arrived - LATE), arrived)
    return Occurrence(_COUNTER_OF[click.type], click.sku, _minute(at))


def of_purchase(event: Envelope[Any]) -> list[Occurrence]:
    """Returns one purchase per sku of a confirmed order, whatever the quantity: it is compared with views."""
    minute = _minute(event.occurred_at)
    return [Occurrence("purchases", sku, minute) for sku in dict.fromkeys(line.sku for line in event.data.lines)]


def place_of_purchase(event: Envelope[Any]) -> Place:
    return Place(_minute(event.occurred_at), f"purchases-{event.event_id.int % _PURCHASE_LANES}")


def of_record(id_: str, shard: str, at: datetime, clicks: Sequence[Click]) -> Arrival:
    """Raises ValueError if there are no clicks, or more than a request may have. Of those with the same id, the first
    counts."""
    if not 1 <= len(clicks) <= MOST_CLICKS:
        raise ValueError(f"{len(clicks)} clicks, not 1 to {MOST_CLICKS}")
    sessions: dict[str, dict[str, Occurrence]] = {}
    for click in clicks:
        sessions.setdefault(click.session_id, {}).setdefault(click.event_id, of_click(click, at))
    return Arrival(id_, shard, at, sessions)


def place_of_clicks(arrival: Arrival) -> Place:
    return Place(_minute(arrival.at), arrival.shard)


def by_session(arrivals: Iterable[Arrival]) -> dict[str, dict[str, Mapping[str, Occurrence]]]:
    """Returns each session's clicks, by record and event id."""
    sessions: dict[str, dict[str, Mapping[str, Occurrence]]] = {}
    for arrival in arrivals:
        for session, clicks in arrival.sessions.items():
            sessions.setdefault(session, {})[arrival.id] = clicks
    return sessions


def claim(rows: Sequence[Claims], brought: Claims) -> Sequence[Claims]:
    """Claims those of a session's clicks that no record has claimed yet. Returns the session's rows, of which the last
    has changed or is new.

    A record that has claimed keeps its claim: if it is delivered again, its clicks are its own, not duplicates.
    """
    known = {record: clicks for row in rows for record, clicks in row.items()}
    ids = {id_ for clicks in known.values() for id_ in clicks}
    fresh: dict[str, dict[str, Occurrence]] = {}
    for record, clicks in brought.items():
        for id_, occurrence in clicks.items() if record not in known else ():
            if id_ not in ids and len(ids) < MOST_OF_SESSION:
                ids.add(id_)
                fresh.setdefault(record, {})[id_] = occurrence
    if not fresh:
        return rows
    if rows and sum(map(len, rows[-1].values())) < _CLAIMS_PER_ROW:
        return [*rows[:-1], {**rows[-1], **fresh}]
    return [*rows, fresh]


def count(rows: Sequence[Counted], brought: Mapping[str, Iterable[Occurrence]]) -> Sequence[Counted]:
    """Counts what these records or events bring, except those that are counted. Returns the place's rows, of which the
    last has changed or is new."""
    known = {id_ for row in rows for id_ in row.ids}
    fresh = {id_: occurrences for id_, occurrences in brought.items() if id_ not in known}
    if not fresh:
        return rows
    *full, last = rows if rows and len(rows[-1].ids) < _COUNTED_PER_ROW else [*rows, Counted(frozenset(), {})]
    occurrences = [one for found in fresh.values() for one in found]
    return [*full, Counted(last.ids | fresh.keys(), _added(last.counts, occurrences))]


def _added(counts: Counts, occurrences: Iterable[Occurrence]) -> Counts:
    total = {minute: {name: dict(skus) for name, skus in names.items()} for minute, names in counts.items()}
    for counter, sku, minute in occurrences:
        skus = total.setdefault(minute, {}).setdefault(counter, {})
        skus[sku] = skus.get(sku, 0) + 1
    return total


@dataclass(frozen=True)
class Span:
    """Consecutive minutes of a day, both ends included."""

    first: datetime
    last: datetime


def spans(minutes: int, now: datetime) -> Iterator[Span]:
    """Yields the last `minutes` minutes, including the current one, by day: at most two spans."""
    last = _minute(now)
    first = last - timedelta(minutes=minutes - 1)
    while first <= last:
        midnight = first.replace(hour=0, minute=0) + timedelta(days=1)
        yield Span(first, min(midnight - timedelta(minutes=1), last))
        first = midnight


def trending(occurred: Iterable[tuple[Occurrence, int]], since: datetime) -> list[dict[str, Any]]:
    """Returns the most viewed products of the minutes from `since` on. `conversion` is purchases per view, or null
    without a view."""
    totals: dict[str, dict[Counter, int]] = {}
    for (counter, sku, minute), number in occurred:
        if minute >= since:
            total = totals.setdefault(sku, {"views": 0, "carts": 0, "checkouts": 0, "purchases": 0})
            total[counter] += number
    products = [
        {"sku": sku, **total, "conversion": round(total["purchases"] / total["views"], 4) if total["views"] else None}
        for sku, total in totals.items()
    ]
    return sorted(products, key=lambda p: (-p["views"], -p["purchases"], p["sku"]))[:MOST_TRENDING]


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
