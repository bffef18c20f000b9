"""One key, one order, one charge: however often, however fast a customer asks."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.eventually import eventually
from tests.support.shop import Order, Person, Shop, taken

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("checkout")]


def test_the_same_request_is_answered_with_the_order_as_it_was_placed(shop: Shop, customer: Person) -> None:
    """1: also after the order moved on, and after its price changed."""
    mug, key = shop.sells(stock=5, price=1000), str(uuid.uuid4())
    first = customer.tries_to_order(2 * mug, key=key)
    order = Order(shop, first.json()["order_id"])
    at_once = customer.tries_to_order(2 * mug, key=key)
    order.becomes("CONFIRMED")
    shop.prices(mug, 9999)

    later = customer.tries_to_order(2 * mug, key=key)

    assert "Idempotency-Replayed" not in first.headers
    for repeated in (at_once, later):
        assert (repeated.status_code, repeated.headers["Idempotency-Replayed"]) == (201, "true")
        assert repeated.json() == first.json()
        assert repeated.headers["Location"] == first.headers["Location"]
    assert order.charge == taken(2000)


def test_the_same_key_for_another_order_is_refused(shop: Shop, customer: Person) -> None:
    """2"""
    mug, key = shop.sells(stock=5, price=1000), str(uuid.uuid4())
    order = customer.orders(mug, key=key)

    other = customer.tries_to_order(2 * mug, key=key)

    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")
    order.becomes("CONFIRMED")
    assert order.charge == taken(1000)


def test_twenty_requests_at_once_with_one_key_are_one_order(shop: Shop, customer: Person) -> None:
    """3"""
    mug, key = shop.sells(stock=50, price=1000), str(uuid.uuid4())

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _n: customer.tries_to_order(mug, key=key), range(20)))

    assert {answer.status_code for answer in answers} == {201}
    (body,) = {answer.text for answer in answers}
    assert body
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    order = Order(shop, answers[0].json()["order_id"])
    order.becomes("CONFIRMED")
    assert order.charge == taken(1000)
    eventually(lambda: order.goods, "COMMITTED")


def test_another_customers_same_key_is_another_order(shop: Shop, customer: Person) -> None:
    """8"""
    mug, key = shop.sells(stock=5), str(uuid.uuid4())

    mine, theirs = customer.orders(mug, key=key), shop.another_customer.orders(mug, key=key)

    assert mine.id != theirs.id
    mine.becomes("CONFIRMED")
    theirs.becomes("CONFIRMED")
