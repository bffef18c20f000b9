"""One key, one order, one charge: however often, however fast a customer asks."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from contracts.types import rfc3339
from tests.support.eventually import eventually
from tests.support.shop import Order, Person, RunningShop, taken

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("checkout")]


def test_the_same_request_is_answered_with_the_order_as_it_was_placed(shop: RunningShop, customer: Person) -> None:
    """Scenario 1: also after the order moved on, and after its price changed."""
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


def test_the_same_key_for_another_order_is_refused(shop: RunningShop, customer: Person) -> None:
    """Scenario 2."""
    mug, key = shop.sells(stock=5, price=1000), str(uuid.uuid4())
    order = customer.orders(mug, key=key)

    other = customer.tries_to_order(2 * mug, key=key)

    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")
    order.becomes("CONFIRMED")
    assert order.charge == taken(1000)


def test_twenty_requests_at_once_with_one_key_are_one_order(shop: RunningShop, customer: Person) -> None:
    """Scenario 3."""
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


def test_a_day_later_the_key_is_free_again_while_the_order_it_stood_for_is_still_there(
    shop: RunningShop, customer: Person
) -> None:
    """Scenario 4."""
    mug, key = shop.sells(stock=5, price=1000), str(uuid.uuid4())
    first = customer.orders(mug, key=key)
    first.becomes("CONFIRMED")

    with placed_a_day_ago(first):
        again = customer.tries_to_order(2 * mug, key=key)

    assert (again.status_code, "Idempotency-Replayed" in again.headers) == (201, False)
    second = Order(shop, again.json()["order_id"])
    assert second.id != first.id
    second.becomes("CONFIRMED")
    assert (first.charge, second.charge) == (taken(1000), taken(2000))


@contextmanager
def placed_a_day_ago(order: Order) -> Iterator[None]:
    """As far as the order's row says; nobody else hears of it."""
    placed_at = order.placed["placed_at"]

    def write(moment: str) -> None:
        order.shop.aws("dynamodb").update_item(
            TableName=order.shop.table("Order/Orders"),
            Key={"pk": {"S": f"order#{order.id}"}},
            UpdateExpression="SET placed_at = :moment",
            ExpressionAttributeValues={":moment": {"S": moment}},
        )

    write(rfc3339(datetime.fromisoformat(placed_at) - timedelta(hours=24, seconds=1)))
    try:
        yield
    finally:
        write(placed_at)


def test_another_customers_same_key_is_another_order(shop: RunningShop, customer: Person) -> None:
    """Scenario 8."""
    mug, key = shop.sells(stock=5), str(uuid.uuid4())

    mine, theirs = customer.orders(mug, key=key), shop.another_customer.orders(mug, key=key)

    assert mine.id != theirs.id
    mine.becomes("CONFIRMED")
    theirs.becomes("CONFIRMED")
