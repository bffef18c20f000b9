"""What a click must look like, what it counts for, and what is trending."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from clickstream.domain import (
    Click,
    Counted,
    Occurrence,
    Place,
    PostedClicks,
    claim,
    count,
    of_click,
    of_purchase,
    of_record,
    place_of_clicks,
    place_of_purchase,
    spans,
    trending,
)
from contracts.envelope import envelop
from contracts.order import OrderConfirmed
from contracts.types import Money, OrderLine

NOW = datetime(2024, 5, 17, 10, 5, 30, tzinfo=UTC)
MINUTE = NOW.replace(second=0)


def click(**changes: Any) -> dict[str, Any]:
    return {"event_id": "e1", "session_id": "s1", "type": "view", "sku": "tea", "at": "2024-05-17T10:05:00Z"} | changes


def read(**changes: Any) -> Click:
    return PostedClicks.model_validate({"events": [click(**changes)]}).events[0]


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("2024-05-17T10:05:00Z", datetime(2024, 5, 17, 10, 5, tzinfo=UTC)),
        ("2024-05-17T12:05:00.5+02:00", datetime(2024, 5, 17, 10, 5, 0, 500_000, tzinfo=UTC)),
        ("2024-05-17T10:05:00.123456789Z", datetime(2024, 5, 17, 10, 5, 0, 123_456, tzinfo=UTC)),
        ("2024-05-17t10:05:00z", datetime(2024, 5, 17, 10, 5, tzinfo=UTC)),
        ("2024-05-17t12:05:00.25+02:00", datetime(2024, 5, 17, 10, 5, 0, 250_000, tzinfo=UTC)),
        ("2024-05-17T10:05:00." + "9" * 500 + "Z", datetime(2024, 5, 17, 10, 5, 0, 999_999, tzinfo=UTC)),
        ("2024-05-17T10:05:00-00:00", datetime(2024, 5, 17, 10, 5, tzinfo=UTC)),
        ("2024-05-17T09:05:00-01:00", datetime(2024, 5, 17, 10, 5, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999Z", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        # Leap seconds, which the RFC's own examples have.
        ("1990-12-31T23:59:60Z", datetime(1990, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("1990-12-31T15:59:60-08:00", datetime(1990, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("2015-06-30t23:59:60.5z", datetime(2015, 6, 30, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_times_are_rfc_3339_in_any_zone(sent: str, meant: datetime) -> None:
    assert read(at=sent).at == meant


@pytest.mark.parametrize(
    "changes",
    [
        {"at": 1715940300},
        {"at": "1715940300"},
        {"at": "2024-05-17"},
        {"at": "2024-05-17T10:05:00"},
        {"at": "2024-05-17 10:05:00Z"},
        {"at": "2024-13-17T10:05:00Z"},
        {"at": "2024-05-17T10:05:60Z"},
        {"at": "2024-05-17T23:59:60Z"},
        {"at": "2024-05-31T23:59:60+01:00"},
        {"at": "2024-05-17T10:05:61Z"},
        {"at": "2024-05-17T24:00:00Z"},
        {"at": "2024-05-17T10:60:00Z"},
        {"at": "2024-05-17T10:05:00.Z"},
        {"at": "2024-05-17T10:05:00,5Z"},
        {"at": "2024-05-17T10:05:00+24:00"},
        {"at": "2024-05-17T10:05:00+01:60"},
        {"at": "2024-05-17T10:05:00+0100"},
        {"at": "2024-05-17T10:05Z"},
        {"at": "2023-02-29T10:05:00Z"},
        {"at": "0000-01-01T00:00:00Z"},
        {"at": "0001-01-01T00:00:00+00:01"},
        {"at": "9999-12-31T23:59:59-00:01"},
        {"at": "2024-05-17T10:05:00Z\n"},
        {"at": "0001-01-01T00:00:00+23:59"},
        {"at": "9999-12-31T23:59:59-23:59"},
        {"at": "٢٠٢٤-05-17T10:05:00Z"},
        {"at": None},
        {"type": "purchase"},
        {"type": ["view"]},
        {"event_id": ""},
        {"event_id": "a" * 65},
        {"event_id": "a#b"},
        {"event_id": 1},
        {"session_id": "a b"},
        {"sku": "-tea"},
        {"sku": "tea~"},
        {"sku": "tea\n"},
        {"price": 1},
    ],
    ids=str,
)
def test_what_is_no_click_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read(**changes)


@pytest.mark.parametrize("number", [0, 101])
def test_a_request_holds_1_to_100_clicks(number: int) -> None:
    with pytest.raises(ValidationError):
        PostedClicks.model_validate({"events": [click(event_id=f"e{i}") for i in range(number)]})


def test_a_click_survives_the_stream_and_what_later_producers_add() -> None:
    sent = read(at="2024-05-17T12:05:00+02:00")
    assert Click.model_validate(sent.model_dump(mode="json") | {"referrer": "a later field"}) == Click(
        **sent.model_dump(mode="json")
    )


@pytest.mark.parametrize(("kind", "counter"), [("view", "views"), ("add_to_cart", "carts"), ("checkout", "checkouts")])
def test_each_kind_of_click_has_its_counter(kind: str, counter: str) -> None:
    assert of_click(read(type=kind), NOW).counter == counter


@pytest.mark.parametrize(
    ("at", "minute"),
    [
        ("2024-05-17T10:05:29Z", "10:05"),
        ("2024-05-17T09:55:29Z", "09:55"),
        ("2024-05-17T09:05:31Z", "09:05"),
        # A clock that is behind, or a click that was kept on a phone for a day: as far back as clocks are believed.
        ("2024-05-16T10:05:30Z", "09:05"),
        # A clock that is ahead: the minute of arrival, for no window reaches into the future.
        ("2024-05-17T10:15:30Z", "10:05"),
        ("9999-12-31T00:00:00Z", "10:05"),
    ],
)
def test_a_click_counts_in_its_own_minute_as_far_as_its_clock_is_believed(at: str, minute: str) -> None:
    assert f"{of_click(read(at=at), NOW).minute:%H:%M}" == minute


def test_a_confirmed_order_is_one_purchase_of_each_of_its_skus() -> None:
    lines = tuple(
        OrderLine(sku=sku, quantity=quantity, name=sku, unit_price=Money(amount=1))
        for sku, quantity in (("tea", 3), ("cup", 1), ("tea", 2))
    )
    event = envelop(
        OrderConfirmed(order_id="ord_1", customer_id="customer", total=Money(amount=4), lines=lines),
        entity_id="ord_1",
        entity_version=2,
        occurred_at=NOW,
        correlation_id="ord_1",
    )
    minute = NOW.replace(second=0)
    assert of_purchase(event) == [Occurrence("purchases", sku, minute) for sku in ("tea", "cup")]
    assert place_of_purchase(event) in [Place(minute, f"purchases-{lane}") for lane in range(4)]


def seen(sku: str, *, minute: datetime = MINUTE) -> Occurrence:
    return Occurrence("views", sku, minute)


def test_a_record_claims_what_no_other_record_brought() -> None:
    (row,) = claim([], {"r1": {"e1": seen("tea"), "e2": seen("cup")}, "r2": {"e2": seen("cup"), "e3": seen("pot")}})
    assert row == {"r1": {"e1": seen("tea"), "e2": seen("cup")}, "r2": {"e3": seen("pot")}}
    assert claim([row], {"r3": {"e1": seen("tea")}}) == [row]


def test_a_claim_never_changes() -> None:
    """Even if another record's claim, of which it was a duplicate, has expired."""
    rows = [{"r2": {"e2": seen("cup")}}]
    assert claim(rows, {"r2": {"e1": seen("tea"), "e2": seen("cup")}}) == rows


def test_a_full_row_is_left_and_the_next_one_begun() -> None:
    full = {"r1": {f"e{number}": seen("tea") for number in range(6)}}
    more = {"r2": {"e7": seen("tea")}}
    assert claim([full], more) == [full, more]
    assert claim([full, more], {"r3": {"e8": seen("tea")}}) == [full, {**more, "r3": {"e8": seen("tea")}}]
    counted = Counted(frozenset(map(str, range(50))), {})
    assert [len(row.ids) for row in count([counted], {"r1": [seen("tea")]})] == [50, 1]


def test_what_is_counted_is_counted_with_its_record_and_not_again() -> None:
    early = NOW.replace(minute=1, second=0)
    brought = {"r1": [seen("tea"), seen("tea"), seen("tea", minute=early)], "r2": [seen("cup")]}
    (row,) = count([], brought)
    assert row.ids == {"r1", "r2"}
    assert row.counts == {
        NOW.replace(second=0): {"views": {"tea": 2, "cup": 1}},
        early: {"views": {"tea": 1}},
    }
    assert count([row], brought) == [row]


def test_clicks_are_counted_by_the_minute_and_shard_of_their_record_and_purchases_in_lanes() -> None:
    arrival = of_record("r1", "shard-1", NOW, [read(at="2024-05-17T09:59:00Z")])
    assert place_of_clicks(arrival) == Place(NOW.replace(second=0), "shard-1")
    assert arrival.sessions == {"s1": {"e1": seen("tea", minute=datetime(2024, 5, 17, 9, 59, tzinfo=UTC))}}


@pytest.mark.parametrize("number", [0, 101])
def test_a_record_holds_1_to_100_clicks(number: int) -> None:
    with pytest.raises(ValueError, match=f"{number} clicks"):
        of_record("r1", "shard-1", NOW, [read(event_id=f"e{i}") for i in range(number)])


def test_a_window_within_a_day_is_one_span_that_ends_with_the_present_minute() -> None:
    (span,) = spans(3, NOW)
    assert (span.first, span.last) == (NOW.replace(minute=3, second=0), NOW.replace(second=0))


def test_a_day_is_read_in_two_spans() -> None:
    assert [(f"{span.first:%d %H:%M}", f"{span.last:%d %H:%M}") for span in spans(1440, NOW)] == [
        ("16 10:06", "16 23:59"),
        ("17 00:00", "17 10:05"),
    ]


def test_trending_sums_up_sorts_by_views_and_says_how_many_views_became_purchases() -> None:
    minute, before = NOW.replace(second=0), NOW - timedelta(minutes=10)
    found: list[tuple[Occurrence, int]] = [
        (Occurrence("views", "cup", minute), 3),
        (Occurrence("purchases", "cup", minute), 1),
        (Occurrence("views", "tea", minute), 2),
        (Occurrence("carts", "tea", minute), 1),
        (Occurrence("views", "tea", minute), 2),
        (Occurrence("checkouts", "tea", minute), 1),
        (Occurrence("purchases", "tea", minute), 2),
        (Occurrence("purchases", "pot", minute), 1),
        # Came late: it was in the minute of its own clock.
        (Occurrence("views", "cup", before), 9),
    ]
    assert trending(found, since=minute - timedelta(minutes=2)) == [
        {"sku": "tea", "views": 4, "carts": 1, "checkouts": 1, "purchases": 2, "conversion": 0.5},
        {"sku": "cup", "views": 3, "carts": 0, "checkouts": 0, "purchases": 1, "conversion": 0.3333},
        {"sku": "pot", "views": 0, "carts": 0, "checkouts": 0, "purchases": 1, "conversion": None},
    ]


def test_a_flood_of_invented_skus_does_not_grow_the_answer() -> None:
    found = [(seen(f"junk{i}"), 1) for i in range(1000)]
    shown = trending([*found, (seen("tea"), 2)], since=NOW - timedelta(minutes=1))
    assert len(shown) == 100
    assert shown[0]["sku"] == "tea"
