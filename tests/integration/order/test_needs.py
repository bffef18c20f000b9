"""What operators have to see to: orders that wait for a review, and orders whose money needs a person."""

from datetime import timedelta
from itertools import chain

import pytest

from contracts.envelope import Envelope, envelop
from contracts.payment import PaymentRefunded, PaymentSettlementFailed
from contracts.types import Money
from order.hold import OrderHeld
from tests.integration.order.test_malformed_rows import listed, spoil
from tests.support.api_gateway import ALICE, BOB, OPERATOR
from tests.support.orders import START, Orders, wanted


def held(orders: Orders, key: str) -> str:
    order_id = orders.placed(wanted(payment_method="pm_review"), key=key)
    with pytest.raises(OrderHeld):
        orders.hold(order_id)
    orders.clock.forward(timedelta(seconds=1))
    return order_id


def in_need(orders: Orders, what: str, **query: str) -> list[str]:
    return list(chain(*listed(orders, caller=OPERATOR, needs=what, **query)))  # type: ignore[arg-type]


def money_is_stuck(order_id: str, version: int = 2) -> Envelope[PaymentSettlementFailed]:
    return envelop(
        PaymentSettlementFailed(order_id=order_id, amount=Money(amount=2900), reason="gateway_unavailable"),
        entity_id=order_id,
        entity_version=version,
        occurred_at=START,
        correlation_id=order_id,
    )


def test_orders_that_wait_for_a_review_are_listed_until_it_is_decided(orders: Orders) -> None:
    first, second, third = (held(orders, key) for key in ("first", "second", "third"))
    orders.placed(key="another")
    assert in_need(orders, "review") == [third, second, first]
    assert in_need(orders, "review", limit="1") == [third, second, first]
    orders.review(second)
    orders.cancel(third)
    assert in_need(orders, "review") == [first]


def test_orders_whose_money_is_stuck_are_listed_until_it_is_given_back(orders: Orders) -> None:
    stuck, fine = orders.placed(key="stuck"), orders.placed(key="fine")
    for order_id in (stuck, fine):
        orders.cancel(order_id)
    orders.tell_of_payment(money_is_stuck(stuck))
    (found,) = orders.page(OPERATOR, needs="attention").body["orders"]
    assert found == orders.get(stuck).body
    assert in_need(orders, "review") == []
    refund = PaymentRefunded(order_id=stuck, amount=Money(amount=2900))
    orders.tell_of_payment(envelop(refund, entity_id=stuck, entity_version=3, occurred_at=START, correlation_id=stuck))
    assert in_need(orders, "attention") == []


def test_a_row_that_is_no_order_costs_the_others_nothing(orders: Orders) -> None:
    first, spoilt, last = (held(orders, key) for key in ("first", "spoilt", "last"))
    spoil(orders, spoilt, total=None)
    assert in_need(orders, "review", limit="1") == [last, first]


@pytest.mark.parametrize("needs", ["review", "attention", "anything", ""])
def test_customers_may_not_ask(orders: Orders, needs: str) -> None:
    held(orders, "mine")
    for caller in (ALICE, BOB):
        assert orders.page(caller, needs=needs).problem == "forbidden"


@pytest.mark.parametrize("needs", ["", "REVIEW", "review ", "open", "attention,review"])
def test_what_no_order_can_need_is_refused(orders: Orders, needs: str) -> None:
    answer = orders.page(OPERATOR, needs=needs)
    assert (answer.status, answer.problem) == (400, "invalid-needs")


def test_cursor_and_limit_are_checked_here_too(orders: Orders) -> None:
    assert orders.page(OPERATOR, needs="review", limit="0").problem == "invalid-limit"
    assert orders.page(OPERATOR, needs="review", cursor="?").problem == "invalid-cursor"
