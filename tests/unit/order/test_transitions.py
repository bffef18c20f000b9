"""Every status × every change: what becomes of the order, or that the change is refused."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from contracts.orders_stream import OrderStatus
from contracts.types import Money
from order import domain
from order.domain import IllegalTransition, Limits, Order
from tests.unit.order.orders import NOW, an_order

LATER = NOW + timedelta(minutes=1)
THRESHOLD = 100_000

type Change = Callable[[Order], Order]

CHANGES: dict[str, Change] = {
    "confirm": lambda order: domain.confirm(order, LATER),
    "reject": lambda order: domain.reject(order, "out_of_stock", LATER),
    "cancel": lambda order: domain.cancel(order, "cancelled_by_customer", LATER),
    "hold": lambda order: domain.hold(order, LATER),
    "approve": lambda order: domain.approve(order, "looks fine", LATER),
    "disapprove": lambda order: domain.disapprove(order, "review_rejected", None, LATER),
}

# "=" changes nothing, "-" is refused.
TABLE = """
                  confirm    reject    cancel     hold             approve  disapprove
PLACED            CONFIRMED  REJECTED  CANCELLED  AWAITING_REVIEW  -        -
AWAITING_REVIEW   -          -         CANCELLED  =                PLACED   REJECTED
CONFIRMED         =          -         CANCELLED  -                -        -
REJECTED          -          =         -          -                -        -
CANCELLED         -          -         =          -                -        -
"""


def sentences() -> Iterator[Any]:
    heading, *rows = TABLE.strip().splitlines()
    for row in rows:
        given, *outcomes = row.split()
        for change, outcome in zip(heading.split(), outcomes, strict=True):
            yield pytest.param(OrderStatus(given), change, outcome, id=f"given {given}, {change}: {outcome}")


@pytest.mark.parametrize(("given", "change", "outcome"), list(sentences()))
def test_transition(given: OrderStatus, change: str, outcome: str) -> None:
    order = an_order(status=given, needs_review=True)
    if outcome == "-":
        with pytest.raises(IllegalTransition) as refused:
            CHANGES[change](order)
        assert refused.value.order == order
        return
    after = CHANGES[change](order)
    if outcome == "=":
        assert after is order
        return
    assert after.status == OrderStatus(outcome)
    assert (after.version, after.updated_at) == (order.version + 1, LATER)
    unchanged = {"order_id", "customer_id", "lines", "total", "payment_method", "shipping_address", "placed_at"}
    assert after.model_dump(include=unchanged) == order.model_dump(include=unchanged)


def test_the_table_names_every_status() -> None:
    rows = [row.split()[0] for row in TABLE.strip().splitlines()[1:]]
    assert rows == [status.value for status in OrderStatus]


def test_a_closed_order_says_why_and_a_confirmed_one_has_no_reason() -> None:
    assert CHANGES["reject"](an_order()).reason == "out_of_stock"
    assert CHANGES["cancel"](an_order()).reason == "cancelled_by_customer"
    assert CHANGES["confirm"](an_order()).reason is None


# ── Review ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("amount", "method", "held"),
    [
        (THRESHOLD, "pm_visa", False),
        (THRESHOLD + 1, "pm_visa", True),
        (1, "pm_review", True),
        (1, "pm_declined", False),
    ],
)
def test_large_totals_and_cards_under_review_are_held(amount: int, method: str, held: bool) -> None:
    order = domain.screened(an_order(total=Money(amount=amount), payment_method=method), THRESHOLD)
    assert (domain.hold(order, LATER).status is OrderStatus.AWAITING_REVIEW) is held


def test_an_order_is_reviewed_once() -> None:
    held = domain.hold(an_order(needs_review=True), LATER)
    approved = domain.approve(held, "called the customer", LATER)
    assert (approved.status, approved.review, approved.review_note) == ("PLACED", "approved", "called the customer")
    assert domain.hold(approved, LATER) is approved
    assert domain.confirm(approved, LATER).review == "approved"


def test_a_disapproved_order_is_rejected_for_good() -> None:
    held = domain.hold(an_order(needs_review=True), LATER)
    rejected = domain.disapprove(held, "review_expired", None, LATER)
    assert (rejected.status, rejected.review, rejected.reason) == ("REJECTED", "rejected", "review_expired")


# ── No order stays open for ever ──────────────────────────────────────────────────────────────────────────────────────

LIMITS = Limits(checkout=timedelta(minutes=10), review=timedelta(days=1), restarts=3)
MOMENT = timedelta(microseconds=1)


def test_an_order_within_its_time_is_left_alone() -> None:
    placed, held = an_order(), an_order(status=OrderStatus.AWAITING_REVIEW)
    assert domain.reconciled(placed, LIMITS, NOW + LIMITS.checkout) is placed
    assert domain.reconciled(held, LIMITS, NOW + LIMITS.review) is held


def test_a_stuck_checkout_is_restarted_so_many_times_and_then_rejected() -> None:
    order, now = an_order(), NOW
    for restart in (1, 2, 3):
        now += LIMITS.checkout + MOMENT
        order = domain.reconciled(order, LIMITS, now)
        assert (order.status, order.restarts, order.restarted_at) == ("PLACED", restart, now)
        # Bookkeeping: no one hears of it.
        assert (order.version, order.updated_at) == (1, NOW)
        assert domain.reconciled(order, LIMITS, now + LIMITS.checkout) is order
    order = domain.reconciled(order, LIMITS, now + LIMITS.checkout + MOMENT)
    assert (order.status, order.reason, order.version) == ("REJECTED", "checkout_stuck", 2)


def test_an_approved_order_has_its_restarts_before_it() -> None:
    tired = an_order(status=OrderStatus.AWAITING_REVIEW, restarts=3, restarted_at=NOW)
    approved = domain.approve(tired, None, LATER)
    assert (approved.restarts, approved.restarted_at) == (0, None)
    assert domain.reconciled(approved, LIMITS, LATER + LIMITS.checkout) is approved


def test_a_review_that_nobody_does_ends_in_a_rejection() -> None:
    held = an_order(status=OrderStatus.AWAITING_REVIEW)
    rejected = domain.reconciled(held, LIMITS, NOW + LIMITS.review + MOMENT)
    assert (rejected.status, rejected.reason, rejected.review) == ("REJECTED", "review_expired", "rejected")


CLOSED = pytest.mark.parametrize("status", [OrderStatus.REJECTED, OrderStatus.CANCELLED])


def test_a_confirmed_order_is_left_alone_for_ever() -> None:
    order = an_order(status=OrderStatus.CONFIRMED)
    assert domain.reconciled(order, LIMITS, NOW + timedelta(days=3650)) is order


@CLOSED
def test_a_closed_order_whose_payment_has_spoken_is_left_alone_for_ever(status: OrderStatus) -> None:
    for order in (
        domain.settled(an_order(status=status), 2, NOW),
        domain.settlement_failed(an_order(status=status), 2, "settlement_failed", NOW),
    ):
        assert domain.reconciled(order, LIMITS, NOW + timedelta(days=3650)) is order


@CLOSED
def test_a_closed_order_whose_payment_is_silent_says_so_again_a_few_times(status: OrderStatus) -> None:
    order, now = an_order(status=status), NOW
    for repeat in (1, 2, 3):
        assert domain.reconciled(order, LIMITS, now + LIMITS.checkout) is order
        now += LIMITS.checkout + MOMENT
        order = domain.reconciled(order, LIMITS, now)
        assert (order.status, order.restarts, order.restarted_at) == (status, repeat, now)
        assert (order.version, order.updated_at) == (1, NOW)
    assert domain.reconciled(order, LIMITS, now + timedelta(days=3650)) is order


# ── Attention ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_failed_settlement_asks_for_a_person_and_leaves_the_status() -> None:
    failed = domain.settlement_failed(an_order(status=OrderStatus.REJECTED), 4, "settlement_failed", LATER)
    assert failed.attention
    assert (failed.status, failed.attention.reason, failed.attention.since) == ("REJECTED", "settlement_failed", LATER)
    assert failed.version == 2


def test_a_settlement_that_succeeds_at_last_needs_no_person_any_more() -> None:
    failed = domain.settlement_failed(an_order(status=OrderStatus.REJECTED), 4, "settlement_failed", LATER)
    assert domain.settled(failed, 5, LATER).attention is None


def test_news_of_a_payment_count_by_its_version_and_not_by_arrival() -> None:
    order = an_order(status=OrderStatus.REJECTED)
    settled = domain.settled(order, 5, LATER)
    assert domain.settlement_failed(settled, 4, "settlement_failed", LATER) is settled
    assert domain.settled(settled, 5, LATER) is settled
    # Nothing was wrong, so nobody hears of it.
    assert settled.version == order.version
