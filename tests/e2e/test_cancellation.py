"""A customer may change their mind at any moment, and gets goods and money out of it exactly once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.eventually import eventually, until
from tests.support.faults import deliver, event_of, seen_again_soon, switched_off
from tests.support.quiet import quiet
from tests.support.shop import NothingCharged, Person, RunningShop, given_back, let_go

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("checkout")]

CHECKOUT = "Workflows/CheckoutOrderPlaced"
BY_CUSTOMER = "cancelled_by_customer"


def test_before_checkout_began_nothing_is_charged_and_a_late_checkout_changes_nothing(
    shop: RunningShop, customer: Person
) -> None:
    """Scenario 20."""
    mug = shop.sells(stock=5)
    with switched_off(shop, CHECKOUT):
        order = customer.orders(mug)
        placed = event_of(order, "OrderPlaced")
        cancelled = customer.cancels(order)
        eventually(lambda: order.goods, "RELEASED")
        eventually(lambda: bool(order.payment.get("closed")), True)

    deliver(shop, [placed])

    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "CANCELLED")
    eventually(lambda: order.mails, ["OrderPlaced", "OrderCancelled"])
    order.await_story("OrderPlaced", "OrderCancelled", "StockReleased", "NotificationSent", "NotificationSent")
    order.becomes("CANCELLED", BY_CUSTOMER)
    assert order.charge == NothingCharged()
    assert shop.stock(mug) == (5, 0)


def test_while_it_awaits_review_the_authorization_is_voided_and_the_review_ends(
    shop: RunningShop, customer: Person, operator: Person
) -> None:
    mug = shop.sells(stock=5, price=1000)
    order = customer.orders(2 * mug, paying_with="pm_review")
    order.becomes("AWAITING_REVIEW")

    assert customer.cancels(order).status_code == 202

    order.becomes("CANCELLED", BY_CUSTOMER)
    eventually(lambda: order.charge, let_go(2000))
    eventually(lambda: (order.goods, shop.stock(mug)), ("RELEASED", (5, 0)))
    too_late = operator.reviews(order, "approve")
    assert (too_late.status_code, too_late.json()["type"]) == (409, "urn:cartwheel:problem:not-awaiting-review")
    eventually(lambda: order.mails, ["OrderPlaced", "OrderHeldForReview", "OrderCancelled"])


def test_once_confirmed_the_money_is_refunded_and_the_goods_return(shop: RunningShop, customer: Person) -> None:
    mug = shop.sells(stock=5, price=1000)
    order = customer.orders(2 * mug)
    order.becomes("CONFIRMED")
    eventually(lambda: order.goods, "COMMITTED")

    assert customer.cancels(order).status_code == 202

    order.becomes("CANCELLED", BY_CUSTOMER)
    eventually(lambda: order.charge, given_back(2000))
    eventually(lambda: (order.goods, shop.stock(mug)), ("RETURNED", (5, 0)))
    eventually(lambda: order.mails, ["OrderPlaced", "OrderConfirmed", "OrderCancelled"])


def test_a_rejected_order_cannot_be_cancelled(shop: RunningShop, customer: Person) -> None:
    mug = shop.sells(stock=0)
    order = customer.orders(mug)
    order.becomes("REJECTED", "out_of_stock")

    refused = customer.cancels(order)

    assert (refused.status_code, refused.headers["Content-Type"]) == (409, "application/problem+json")
    assert refused.json()["type"] == "urn:cartwheel:problem:order-closed"


def test_cancelling_again_answers_the_same_and_refunds_once(
    shop: RunningShop, customer: Person, operator: Person
) -> None:
    mug = shop.sells(stock=5, price=1000)
    order = customer.orders(mug)
    order.becomes("CONFIRMED")

    first = operator.cancels(order)
    with ThreadPoolExecutor(8) as pool:
        again = list(pool.map(lambda _n: customer.cancels(order), range(8)))

    assert {(answer.status_code, answer.text) for answer in [first, *again]} == {(202, first.text)}
    order.becomes("CANCELLED", "cancelled_by_operator")
    eventually(lambda: order.charge, given_back(1000))
    eventually(lambda: shop.stock(mug), (5, 0))


def test_whoever_cancels_while_checkout_runs_gets_everything_back(shop: RunningShop, customer: Person) -> None:
    """Scenario 21: each of these meets its checkout at another step."""
    mug = shop.sells(stock=12, price=1000)

    def change_of_mind(number: int) -> None:
        order = customer.orders(mug, paying_with="pm_flaky" if number % 3 == 0 else "pm_visa")
        if number % 2:
            eventually(lambda: order.goods is not None, True)
        assert customer.cancels(order).status_code == 202
        order.becomes("CANCELLED", BY_CUSTOMER)

    # A settlement that asks again for an authorization meets the flaky gateway, and waits in its queue.
    with seen_again_soon(shop, "Payment/SettleQueue"), ThreadPoolExecutor(6) as pool:
        list(pool.map(change_of_mind, range(12)))
        until(lambda: quiet(shop), bool, "a quiet shop")

    assert shop.stock(mug) == (12, 0)
