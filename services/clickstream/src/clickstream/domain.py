"""How clicks and purchases are counted, and which counters a time window needs. Pure rules: no AWS, no clock."""

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from contracts.envelope import Envelope
from contracts.types import Sku, Strict, Timestamp, Value, in_utc

MAX_MINUTES = 24 * 60
# How long before its arrival a click may be dated. An earlier or future date is moved to the limit.
LATE = timedelta(hours=1)
# The most products of GET /trending. Clicks, and so their skus, come from anyone.
MOST_TRENDING = 100

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

    events: Annotated[list[PostedClick], Field(min_length=1, max_length=100)]


@dataclass(frozen=True)
class Occurrence:
    """Something to count once per `id`."""

    id: str
    counter: Counter
    sku: str
    minute: datetime


@dataclass(frozen=True)
class Span:
    """Consecutive units of one period: minutes of an hour, or hours of a day, both ends included."""

    period: str
    first: str
    last: str


def of_click(click: Click, arrived: datetime) -> Occurrence:
    """Returns the occurrence of a click, in its own minute if its date is within the limits."""
    at = min(max(click.at, arrived - LATE), arrived)
    return Occurrence(f"click#{click.event_id}", _COUNTER_OF[click.type], click.sku, _minute(at))


def of_purchase(event: Envelope[Any]) -> list[Occurrence]:
    """Returns one purchase per sku of a confirmed order, whatever the quantity: it is compared with views."""
    return [
        Occurrence(f"purchase#{event.event_id}#{line.sku}", "purchases", line.sku, _minute(event.occurred_at))
        for line in event.data.lines
    ]


def units(minute: datetime) -> tuple[Span, Span]:
    """Returns the two counters of a minute: by minute of the hour, and by hour of the day."""
    return _minutes(minute, minute), _hours(minute, minute)


def spans(minutes: int, now: datetime) -> Iterator[Span]:
    """Yields the last `minutes` minutes, including the current one, in at most four spans. Whole hours use hourly
    counters."""
    end = _minute(now) + timedelta(minutes=1)
    at = end - timedelta(minutes=minutes)
    while at < end:
        hour = at.replace(minute=0)
        if at == hour and at + timedelta(hours=1) <= end:
            until = min(at.replace(hour=0) + timedelta(days=1), end.replace(minute=0))
            yield _hours(at, until - timedelta(hours=1))
        else:
            until = min(hour + timedelta(hours=1), end)
            yield _minutes(at, until - timedelta(minutes=1))
        at = until


def trending(counted: Iterable[tuple[str, Mapping[Counter, int]]]) -> list[dict[str, Any]]:
    """Returns the most viewed products. `conversion` is purchases per view, or null without a view."""
    totals: dict[str, dict[Counter, int]] = {}
    for sku, counts in counted:
        total = totals.setdefault(sku, {"views": 0, "carts": 0, "checkouts": 0, "purchases": 0})
        for counter, count in counts.items():
            total[counter] += count
    products = [
        {"sku": sku, **total, "conversion": round(total["purchases"] / total["views"], 4) if total["views"] else None}
        for sku, total in totals.items()
    ]
    return sorted(products, key=lambda p: (-p["views"], -p["purchases"], p["sku"]))[:MOST_TRENDING]


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _minutes(first: datetime, last: datetime) -> Span:
    return Span(f"hour#{first:%Y-%m-%dT%H}", f"{first:%M}", f"{last:%M}")


def _hours(first: datetime, last: datetime) -> Span:
    return Span(f"day#{first:%Y-%m-%d}", f"{first:%H}", f"{last:%H}")
