"""Whatever is tried on an order, in whatever order and by whatever clock: its history is a legal path, told once."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import Envelope
from order import domain, store
from order.domain import IllegalTransition, Limits, Order
from order.events import checkout_event, events_of
from shopkit.dynamodb import from_item, to_item
from tests.unit.order.orders import NOW, an_order

LIMITS = Limits(checkout=timedelta(minutes=10), review=timedelta(days=1), restarts=3)

type Change = Callable[[Order, datetime], Order]

CHANGES: dict[str, Change] = {
    "confirm": domain.confirm,
    "reject": lambda order, now: domain.reject(order, "out_of_stock", now),
    "cancel": lambda order, now: domain.cancel(order, "cancelled_by_customer", now),
    "hold": domain.hold,
    "approve": lambda order, now: domain.approve(order, "note", now),
    "disapprove": lambda order, now: domain.disapprove(order, "review_rejected", None, now),
    "reconcile": lambda order, now: domain.reconciled(order, LIMITS, now),
    "settlement fails": lambda order, now: domain.settlement_failed(
        order, order.settlement_version + 1, "settlement_failed", now
    ),
    "settled": lambda order, now: domain.settled(order, order.settlement_version + 1, now),
    "old news of a settlement": lambda order, now: domain.settlement_failed(
        order, order.settlement_version, "old", now
    ),
}
# Money is settled only after an order was closed.
OF_SETTLEMENT = {"settlement fails", "settled", "old news of a settlement"}
# The path that the design draws, apart from the code.
LEGAL = {
    ("PLACED", "CONFIRMED"),
    ("PLACED", "REJECTED"),
    ("PLACED", "CANCELLED"),
    ("PLACED", "AWAITING_REVIEW"),
    ("AWAITING_REVIEW", "PLACED"),
    ("AWAITING_REVIEW", "REJECTED"),
    ("AWAITING_REVIEW", "CANCELLED"),
    ("CONFIRMED", "CANCELLED"),
}
# Clocks of different machines: ten minutes off, equal, or days later.
STEPS = st.lists(
    st.tuples(st.sampled_from(sorted(CHANGES)), st.sampled_from([-600, 0, 0, 1, 601, 90_000])), max_size=12
)
METHODS = st.sampled_from(["pm_visa", "pm_review"])


def history(steps: list[tuple[str, int]], method: str) -> list[Order]:
    """The order after its placement and after each change that was applied."""
    orders, now = [an_order(payment_method=method, needs_review=method == "pm_review")], NOW
    for name, seconds in steps:
        now += timedelta(seconds=seconds)
        if name in OF_SETTLEMENT and orders[-1].status not in {"REJECTED", "CANCELLED"}:
            continue
        try:
            after = CHANGES[name](orders[-1], now)
        except IllegalTransition:
            continue
        if after != orders[-1]:
            orders.append(after)
    return orders


def image(order: Order) -> dict[str, Any]:
    return from_item(to_item(store.row_of(order, revision=1)))


def published(orders: list[Order]) -> list[list[Envelope[Any]]]:
    """The events of each write, as the relay makes them of the table's stream."""
    return [
        list(events_of(old, new))
        for old, new in pairwise([None, *(image(order) for order in orders)])
        if new is not None
    ]


@given(STEPS, METHODS)
def test_every_history_is_a_legal_path(steps: list[tuple[str, int]], method: str) -> None:
    for before, after in pairwise(history(steps, method)):
        assert before.status == after.status or (before.status, after.status) in LEGAL
        assert after.version - before.version in {0, 1}
        # What was ordered never changes.
        assert domain.as_placed(after) == domain.as_placed(before)


@given(STEPS, METHODS)
def test_what_is_told_is_what_became_of_the_order(steps: list[tuple[str, int]], method: str) -> None:
    orders = history(steps, method)
    for (before, after), events in zip(pairwise([None, *orders]), published(orders), strict=True):
        assert after
        kinds = [event.type for event in events]
        became = before is None or before.status != after.status
        assert len(kinds) == len(set(kinds))
        for status in ("CONFIRMED", "REJECTED", "CANCELLED"):
            assert (f"Order{status.title()}" in kinds) == (became and after.status == status)
        assert ("OrderPlaced" in kinds) == (before is None)
        assert ("OrderHeldForReview" in kinds) == (became and after.status == "AWAITING_REVIEW")
        assert ("OrderReviewed" in kinds) == (before is not None and before.review != after.review)
        assert ("OrderNeedsAttention" in kinds) == (bool(after.attention) and not (before and before.attention))
        # Bookkeeping is told to nobody, and whatever is told is a version of its own.
        assert not kinds or before is None or after.version == before.version + 1
        assert all(event.entity_version == after.version for event in events)


@given(STEPS, METHODS)
def test_every_event_has_an_id_of_its_own_and_keeps_it(steps: list[tuple[str, int]], method: str) -> None:
    orders = history(steps, method)
    events = [event for write in published(orders) for event in write]
    assert len({event.event_id for event in events}) == len(events)
    assert [event for write in published(orders) for event in write] == events
    assert [event.entity_version for event in events] == sorted(event.entity_version for event in events)


@given(STEPS, METHODS)
def test_by_version_an_order_has_one_end_at_most(steps: list[tuple[str, int]], method: str) -> None:
    """Scenario 29: whoever sorts the events by version, not by time, sees the path."""
    orders = history(steps, method)
    kinds = [event.type for write in published(orders) for event in write]
    for once in (
        "OrderPlaced",
        "OrderConfirmed",
        "OrderRejected",
        "OrderCancelled",
        "OrderHeldForReview",
        "OrderReviewed",
    ):
        assert kinds.count(once) <= 1
    assert not {"OrderRejected", "OrderConfirmed"} <= set(kinds)
    assert not {"OrderRejected", "OrderCancelled"} <= set(kinds)


@given(STEPS, METHODS)
def test_a_restarted_checkout_gets_the_event_that_started_it(steps: list[tuple[str, int]], method: str) -> None:
    orders = history(steps, method)
    if orders[-1].status == "PLACED":
        starts = [
            event for write in published(orders) for event in write if event.type in {"OrderPlaced", "OrderReviewed"}
        ]
        assert checkout_event(orders[-1]) == starts[-1]


@given(STEPS, METHODS)
def test_no_event_tells_an_address(steps: list[tuple[str, int]], method: str) -> None:
    text = json.dumps([event.model_dump(mode="json") for write in published(history(steps, method)) for event in write])
    assert not [word for word in ("A Customer", "1 Example Street", "Springfield", "12345") if word in text]


@given(STEPS, METHODS)
def test_a_row_keeps_the_whole_order_and_its_place_in_the_sparse_index(
    steps: list[tuple[str, int]], method: str
) -> None:
    for order in history(steps, method):
        row = image(order)
        assert store.order_in(row) == order
        unfinished = order.status in {"PLACED", "AWAITING_REVIEW"}
        assert row.get("open") == ("open" if unfinished else "unsettled" if order.unsettled else None)
        assert not (unfinished and order.unsettled)
