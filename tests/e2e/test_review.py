"""A held order waits for a person, but not for ever, and hears one decision."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.eventually import eventually
from tests.support.faults import impatient_reviews
from tests.support.shop import Person, RunningShop, given_back, let_go, taken

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("checkout")]


def test_a_review_that_nobody_decides_in_time_rejects_the_order(shop: RunningShop, customer: Person) -> None:
    mug = shop.sells(stock=5, price=1000)

    with impatient_reviews(shop):
        order = customer.orders(mug, paying_with="pm_review")
        order.becomes("AWAITING_REVIEW")
        order.becomes("REJECTED", "review_expired")

    eventually(lambda: order.charge, let_go(1000))
    eventually(lambda: shop.stock(mug), (5, 0))


def test_of_several_decisions_at_once_one_counts(shop: RunningShop, customer: Person, operator: Person) -> None:
    mug = shop.sells(stock=5, price=1000)
    order = customer.orders(mug, paying_with="pm_review")
    order.becomes("AWAITING_REVIEW")

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda decision: operator.reviews(order, decision), ["approve", "reject"] * 3))

    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409, 409, 409]
    (counted,) = [answer.json() for answer in answers if answer.status_code == 202]
    if counted["review"] == "approved":
        order.becomes("CONFIRMED")
        assert order.charge == taken(1000)
    else:
        order.becomes("REJECTED", "review_rejected")
        eventually(lambda: order.charge, let_go(1000))


def test_approval_and_cancellation_at_once_leave_a_cancelled_order_and_no_charge(
    shop: RunningShop, customer: Person, operator: Person
) -> None:
    mug = shop.sells(stock=5, price=1000)
    order = customer.orders(mug, paying_with="pm_review")
    order.becomes("AWAITING_REVIEW")

    with ThreadPoolExecutor(2) as pool:
        approval = pool.submit(operator.reviews, order, "approve")
        cancellation = pool.submit(customer.cancels, order)

    assert cancellation.result().status_code == 202
    assert approval.result().status_code in {202, 409}
    order.becomes("CANCELLED", "cancelled_by_customer")
    eventually(lambda: order.charge in {let_go(1000), given_back(1000)}, True)
    eventually(lambda: shop.stock(mug), (5, 0))
