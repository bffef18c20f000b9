"""Scenario 11: a function that dies just before or just after any of its calls to DynamoDB, and is tried again, leaves
what it would have left without dying."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from contracts.envelope import envelop
from contracts.payment import PaymentSettlementFailed
from contracts.types import Money
from order.hold import OrderHeld
from tests.support.interleaving import Died, stopping_at_aws_calls
from tests.support.orders import START, Orders, wanted

type Act = Callable[[Orders, str], Any]


def hold(orders: Orders, order_id: str) -> None:
    with suppress(OrderHeld):
        orders.hold(order_id)


def review(decision: str) -> Act:
    def act(orders: Orders, order_id: str) -> None:
        # The second of two reviews is told that the order waits no more: by then it need not wait.
        assert orders.review(order_id, decision).status in {202, 409}

    return act


def late(orders: Orders, _order_id: str) -> None:
    orders.clock.forward(timedelta(minutes=11))


def settlement_failed(orders: Orders, order_id: str) -> None:
    data = PaymentSettlementFailed(order_id=order_id, amount=Money(amount=2900), reason="gateway")
    event = envelop(data, entity_id=order_id, entity_version=3, occurred_at=START, correlation_id=order_id)
    orders.tell_of_payment(event)


def record(orders: Orders, order_id: str) -> None:
    orders.tell_timeline(*(event for event in orders.events() if event.correlation_id == order_id))


def nothing(_orders: Orders, _order_id: str) -> None:
    pass


CASES: dict[str, tuple[Act, Act]] = {
    "confirm": (nothing, Orders.confirm),
    "reject": (nothing, Orders.reject),
    "cancel": (nothing, Orders.cancel),
    "hold": (nothing, hold),
    "approve": (hold, review("approve")),
    "disapprove": (hold, review("reject")),
    "expire the review": (hold, Orders.expire_review),
    "keep the review's token": (hold, Orders.await_review),
    "reconcile": (late, lambda orders, _: orders.reconcile()),
    "note a failed settlement": (Orders.reject, settlement_failed),
    "record the timeline": (nothing, record),
}


def state(orders: Orders, order_id: str) -> dict[str, Any]:
    """What is left of an order: its row, its events, its timeline and its token."""
    return {
        "order": orders.get(order_id).body,
        "events": [event.type for event in orders.events() if event.correlation_id == order_id],
        "timeline": [event["type"] for event in orders.timeline(order_id).body["events"]],
        "waits": orders.has_review_token(order_id),
    }


@pytest.mark.parametrize(("before", "act"), CASES.values(), ids=CASES)
def test_scenario_11_dying_changes_nothing(orders: Orders, before: Act, act: Act) -> None:
    def arranged(key: str) -> str:
        orders.clock.now = START
        order_id = orders.placed(wanted(payment_method="pm_review"), key=key)
        before(orders, order_id)
        return order_id

    unharmed, calls = arranged("unharmed"), 0

    def count() -> None:
        nonlocal calls
        calls += 1

    with stopping_at_aws_calls(count):
        act(orders, unharmed)
    assert calls
    expected = state(orders, unharmed)
    for point in range(calls):
        order_id, left = arranged(f"dies at {point}"), point

        def die() -> None:
            nonlocal left
            if left == 0:
                raise Died
            left -= 1

        with stopping_at_aws_calls(die), suppress(Died):
            act(orders, order_id)
        act(orders, order_id)
        found = state(orders, order_id)
        assert found == {**expected, "order": {**expected["order"], "order_id": order_id}}
