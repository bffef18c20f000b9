"""The review workflow's wait: the token only wakes, and neither order of decision and token leaves anyone waiting."""

import random
from datetime import timedelta

import pytest

from order.await_review import AlreadyAwaited, AlreadyDecided
from order.hold import OrderHeld
from order.review_token import NoReviewWaits
from tests.support.api_gateway import ALICE
from tests.support.interleaving import interleave
from tests.support.orders import Orders, wanted


def held(orders: Orders, key: str = "key-1") -> str:
    order_id = orders.placed(wanted(payment_method="pm_review"), key=key)
    with pytest.raises(OrderHeld):
        orders.hold(order_id)
    return order_id


def test_a_waiting_review_is_woken_by_its_token(orders: Orders) -> None:
    order_id = held(orders)
    orders.await_review(order_id)
    assert orders.review_token(order_id) == {"token": "token of execution-1"}


def test_one_execution_waits_and_another_need_not(orders: Orders) -> None:
    """The event that starts a review may come twice, and only one token is kept."""
    order_id = held(orders)
    orders.await_review(order_id)
    with pytest.raises(AlreadyAwaited):
        orders.await_review(order_id, "execution-2")
    # The first one's function was retried.
    orders.await_review(order_id)
    assert orders.review_token(order_id) == {"token": "token of execution-1"}


def test_an_order_for_which_nobody_waits_has_no_token(orders: Orders) -> None:
    with pytest.raises(NoReviewWaits):
        orders.review_token(held(orders))


@pytest.mark.parametrize("decision", ["approve", "reject", "cancel"])
def test_a_decision_that_precedes_the_token_ends_the_wait_at_once(orders: Orders, decision: str) -> None:
    order_id = held(orders)
    if decision == "cancel":
        orders.cancel(order_id, ALICE)
    else:
        orders.review(order_id, decision)
    with pytest.raises(AlreadyDecided):
        orders.await_review(order_id)


def test_whoever_waits_is_woken_or_does_not_begin_to_wait(orders: Orders) -> None:
    """Decision and token take turns at every AWS call: whatever the turns, not both may miss each other."""
    chance = random.Random(10)
    for number in range(30):
        order_id = held(orders, f"key-{number}")
        waits, woken = [True], [False]

        def wait(order_id: str = order_id, waits: list[bool] = waits) -> None:
            try:
                orders.await_review(order_id)
            except AlreadyDecided:
                waits[0] = False

        def decide(order_id: str = order_id, woken: list[bool] = woken) -> None:
            orders.review(order_id)
            try:
                orders.review_token(order_id)
                woken[0] = True
            except NoReviewWaits:
                pass

        interleave([wait, decide], lambda running: (chance.randrange(running), False))
        assert woken[0] or not waits[0]


def test_a_review_that_nobody_does_expires(orders: Orders) -> None:
    order_id = held(orders)
    orders.clock.forward(timedelta(days=1))
    assert orders.expire_review(order_id) == {"order_id": order_id, "status": "REJECTED"}
    shown = orders.get(order_id).body
    assert (shown["review"], shown["reason"]) == ("rejected", "review_expired")


def test_an_expiry_that_comes_after_the_decision_changes_nothing(orders: Orders) -> None:
    order_id = held(orders)
    orders.review(order_id)
    assert orders.expire_review(order_id) == {"order_id": order_id, "status": "PLACED"}
    assert orders.get(order_id).body["review"] == "approved"
