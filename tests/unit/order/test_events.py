"""What each change of an order tells the others."""

import itertools
import json
from datetime import timedelta
from typing import Any

import pytest

from contracts.events import EVENTS
from contracts.order import OrderPlaced, OrderReviewed
from order import domain, store
from order.domain import Limits, Order
from order.events import checkout_event, events_of
from order.view import order_view, quote_view
from shopkit.dynamodb import from_item, to_item
from tests.support.more_fields import ADDED, paths_of, with_more_fields
from tests.unit.order.orders import NOW, an_order

LATER = NOW + timedelta(minutes=1)
REVIEWED = an_order(needs_review=True)
HELD = domain.hold(REVIEWED, LATER)
CONFIRMED = domain.confirm(an_order(), LATER)
REJECTED = domain.reject(an_order(), "out_of_stock", LATER)
FAILED = domain.settlement_failed(REJECTED, 4, "settlement_failed", LATER)


def image(order: Order | None) -> dict[str, Any] | None:
    """As the table's stream shows it."""
    return from_item(to_item(store.row_of(order, revision=1))) if order else None


def event_types(before: Order | None, after: Order) -> list[str]:
    return [event.type for event in events_of(image(before), image(after))]


@pytest.mark.parametrize(
    ("before", "after", "events"),
    [
        (None, an_order(), ["OrderPlaced"]),
        (an_order(), CONFIRMED, ["OrderConfirmed"]),
        (an_order(), REJECTED, ["OrderRejected"]),
        (CONFIRMED, domain.cancel(CONFIRMED, "why", LATER), ["OrderCancelled"]),
        (REVIEWED, HELD, ["OrderHeldForReview"]),
        (HELD, domain.approve(HELD, None, LATER), ["OrderReviewed"]),
        (HELD, domain.disapprove(HELD, "review_rejected", None, LATER), ["OrderReviewed", "OrderRejected"]),
        (HELD, domain.cancel(HELD, "why", LATER), ["OrderCancelled"]),
        (REJECTED, FAILED, ["OrderNeedsAttention"]),
        (FAILED, domain.settlement_failed(FAILED, 5, "settlement_failed", LATER), []),
        (FAILED, domain.settled(FAILED, 5, LATER), []),
        (REJECTED, domain.settled(REJECTED, 5, LATER), []),
    ],
    ids=lambda value: f"{value.status}" if isinstance(value, Order) else "+".join(value or ["new"]),
)
def test_a_change_tells(before: Order | None, after: Order, events: list[str]) -> None:
    assert event_types(before, after) == events


def test_every_event_of_the_order_service_is_told_by_some_change() -> None:
    (told_of,) = (mark for mark in test_a_change_tells.pytestmark if mark.name == "parametrize")  # type: ignore[attr-defined]
    assert {name for *_, names in told_of.args[1] for name in names} == {
        event.__name__ for event in EVENTS if event.source == "shop.order"
    }


def test_bookkeeping_tells_nothing() -> None:
    limits = Limits(checkout=timedelta(0), review=timedelta(days=1), restarts=3)
    assert event_types(an_order(), domain.reconciled(an_order(), limits, LATER)) == []


@pytest.mark.parametrize("row", [{"pk": "product#MUG", "sku": "MUG"}, {"pk": "review#ord_1", "token": "t"}])
def test_rows_beside_the_orders_tell_nothing(row: dict[str, Any]) -> None:
    assert events_of(None, row) == []


def test_a_deleted_order_tells_nothing() -> None:
    assert events_of(image(an_order()), None) == []


def test_a_row_that_is_no_order_is_refused() -> None:
    """The relay sets it aside."""
    with pytest.raises(ValueError, match="validation error"):
        events_of(None, {"pk": "order#ord_1", "status": "SHIPPED"})


def test_an_event_tells_what_the_order_was_at_that_change() -> None:
    (event,) = events_of(image(an_order()), image(REJECTED))
    assert event.data.model_dump() == {
        "order_id": "ord_1",
        "customer_id": "customer-a",
        "total": {"amount": 2900, "currency": "USD"},
        "reason": "out_of_stock",
    }
    assert (event.correlation_id, event.entity_version, event.occurred_at) == ("ord_1", 2, LATER)


def test_the_address_stays_at_home() -> None:
    """Each of these words is in the address and nowhere else."""
    secrets = {"name": "Zaphod", "line1": "Zarquon", "line2": "Zaxxon", "city": "Zzyzx", "region": "Zeeland"}
    address = {**secrets, "postal_code": "Z1234Z", "country": "ZZ"}
    first = an_order(shipping_address=domain.Address.model_validate(address), needs_review=True)
    held = domain.hold(first, LATER)
    failed = domain.settlement_failed(domain.disapprove(held, "why", "note", LATER), 4, "settlement_failed", LATER)
    approved = domain.approve(held, None, LATER)
    cancelled = domain.cancel(domain.confirm(approved, LATER), "why", LATER)
    history: list[Order | None] = [None, first, held, approved, cancelled, failed]
    said = [
        event.model_dump_json()
        for before, after in itertools.pairwise(history)
        for event in events_of(image(before), image(after))
    ]
    assert said
    for secret in address.values():
        assert not [text for text in said if f'"{secret}"' in text]


# ── A restarted checkout ──────────────────────────────────────────────────────────────────────────────────────────────


def restarted(order: Order) -> Order:
    limits = Limits(checkout=timedelta(0), review=timedelta(days=1), restarts=3)
    return domain.reconciled(order, limits, LATER + timedelta(days=1))


@pytest.mark.parametrize(
    ("before", "order", "expected"),
    [(None, an_order(), OrderPlaced), (HELD, domain.approve(HELD, None, LATER), OrderReviewed)],
    ids=["placed", "approved"],
)
def test_a_restart_repeats_the_event_that_started_the_checkout(
    before: Order | None, order: Order, expected: type
) -> None:
    (original,) = events_of(image(before), image(order))
    assert checkout_event(restarted(order)) == original
    assert isinstance(original.data, expected)


# ── The front door's view ─────────────────────────────────────────────────────────────────────────────────────────────


def test_an_order_shows_what_the_design_says_and_no_bookkeeping() -> None:
    assert set(order_view(FAILED)) == {
        "order_id",
        "status",
        "lines",
        "total",
        "payment_method",
        "shipping_address",
        "reason",
        "review",
        "attention",
        "placed_at",
        "updated_at",
        "version",
    }
    assert json.loads(json.dumps(order_view(FAILED)))["attention"] == {
        "reason": "settlement_failed",
        "since": "2026-03-01T12:01:00.000000Z",
    }


def test_a_field_that_an_order_or_part_of_it_gains_is_not_shown_until_the_view_names_it() -> None:
    grown = with_more_fields(FAILED)
    assert paths_of(ADDED, in_=grown.model_dump()) == {
        ADDED,
        f"lines/{ADDED}",
        f"lines/unit_price/{ADDED}",
        f"total/{ADDED}",
        f"attention/{ADDED}",
        f"shipping_address/{ADDED}",
    }
    assert order_view(grown) == order_view(FAILED) == FAILED.model_dump(mode="json", include=set(order_view(FAILED)))
    assert quote_view(grown.lines, grown.total) == {
        "lines": [line.model_dump() for line in FAILED.lines],
        "total": FAILED.total.model_dump(),
    }


def test_an_order_is_always_shown_in_the_same_sequence() -> None:
    assert list(order_view(an_order())) == [
        "order_id",
        "status",
        "lines",
        "total",
        "payment_method",
        "reason",
        "review",
        "attention",
        "placed_at",
        "updated_at",
        "version",
        "shipping_address",
    ]
