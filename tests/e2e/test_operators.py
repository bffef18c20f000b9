"""The operators' corner: they break the shop on purpose, watch it, and put right what it cannot by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.desk import Desk
from tests.support.eventually import eventually, until
from tests.support.faults import event_of, invoke, seen_again_soon, set_otherwise, throttled
from tests.support.shop import Person, RunningShop, taken

pytestmark = pytest.mark.e2e

EMAILS = "Notify/EmailDeadLetters"
BOUGHT = [
    *("OrderPlaced", "StockReserved", "PaymentAuthorized", "PaymentCaptured", "OrderConfirmed", "StockCommitted"),
    *["NotificationSent"] * 2,
]
PATIENCE = 240.0  # for five tries, ten seconds apart, of two mails one after the other


def listed(operator: Person) -> dict[str, int]:
    answer = operator.asks("GET", "operations/dead-letters")
    assert answer.status_code == 200, answer.text
    return {one["place"]: one["messages"] for one in answer.json()["places"]}


def shown(operator: Person, place: str) -> list[dict[str, Any]]:
    answer = operator.asks("GET", f"operations/dead-letters/{quote(place, safe='')}")
    assert answer.status_code == 200, answer.text
    messages: list[dict[str, Any]] = answer.json()["messages"]
    return messages


def redriven(operator: Person, place: str) -> int:
    answer = operator.asks("POST", f"operations/dead-letters/{quote(place, safe='')}/redrive")
    assert answer.status_code == 202, answer.text
    number: int = answer.json()["messages"]
    return number


def broken(operator: Person) -> set[str]:
    return {each["name"] for each in operator.asks("GET", "operations/breaks").json()["breaks"] if each["broken"]}


@contextmanager
def breaking(operator: Person, name: str) -> Iterator[None]:
    answer = operator.asks("PUT", f"operations/breaks/{name}")
    assert (answer.status_code, answer.json()["broken"]) == (200, True), answer.text
    try:
        yield
    finally:
        answer = operator.asks("DELETE", f"operations/breaks/{name}")
        assert (answer.status_code, answer.json()["broken"]) == (200, False), answer.text


def test_mails_that_could_not_be_sent_arrive_once_their_dead_letters_go_back(
    shop: RunningShop, customer: Person, operator: Person
) -> None:
    mug = shop.sells(stock=1)
    with breaking(operator, "email-consumer"):
        assert broken(operator) == {"email-consumer"}
        order = customer.orders(mug)
        order.becomes("CONFIRMED")
        eventually(lambda: listed(operator)[EMAILS], 2, within=PATIENCE)
        assert [message["order_id"] for message in shown(operator, EMAILS)] == [order.id] * 2
        assert order.mails == []

    assert broken(operator) == set()
    assert redriven(operator, EMAILS) == 2
    eventually(lambda: order.mails, ["OrderPlaced", "OrderConfirmed"])
    assert listed(operator)[EMAILS] == 0


def test_a_timeline_that_stood_still_catches_up(shop: RunningShop, customer: Person, operator: Person) -> None:
    with breaking(operator, "timeline-consumer"):
        assert broken(operator) == {"timeline-consumer"}
        order = customer.orders(shop.sells(stock=1))
        order.becomes("CONFIRMED")
        eventually(lambda: order.mails, ["OrderPlaced", "OrderConfirmed"])
        assert order.timeline == []

    order.await_story(*BOUGHT)


def test_a_poison_message_holds_nobody_up_and_is_set_aside(
    shop: RunningShop, customer: Person, operator: Person, desk: Desk
) -> None:
    with seen_again_soon(shop, "Notify/EmailQueue"):
        assert operator.asks("PUT", "operations/breaks/poison-message").status_code == 200
        order = customer.orders(shop.sells(stock=1))
        eventually(lambda: order.mails, ["OrderPlaced", "OrderConfirmed"])
        eventually(lambda: listed(operator)[EMAILS], 1)
    (message,) = shown(operator, EMAILS)
    assert (message["order_id"], message["cause"]) == (None, "ValueError: this is not an event")
    assert operator.asks("DELETE", "operations/breaks/poison-message").status_code == 409
    desk.types("dlq", "drop", EMAILS, message["message_id"])


@pytest.mark.parametrize("checkout", ["STANDARD"], indirect=True)
def test_an_order_whose_checkout_was_killed_is_charged_once(
    shop: RunningShop, customer: Person, operator: Person, checkout: str
) -> None:
    mug = shop.sells(stock=1, price=1000)
    with throttled(shop, "Payment/Authorize"):
        order = customer.orders(mug)
        event_of(order, "StockReserved")
        assert operator.asks("PUT", "operations/breaks/kill-checkout").status_code == 200
    assert operator.asks("PUT", "operations/breaks/kill-checkout").status_code == 409
    assert order.now["status"] == "PLACED"

    with set_otherwise(shop, "Order/Reconcile", {"CHECKOUT_LIMIT_SECONDS": "0"}):
        assert invoke(shop, "Order/Reconcile")["restarted"] == 1
        order.becomes("CONFIRMED")
    assert order.charge == taken(1000)
    order.await_story(*BOUGHT)


@pytest.mark.parametrize("checkout", ["EXPRESS"], indirect=True)
def test_a_checkout_that_nobody_can_see_cannot_be_killed(operator: Person, checkout: str) -> None:
    answer = operator.asks("PUT", "operations/breaks/kill-checkout")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:cartwheel:problem:checkouts-are-express")


def test_places_are_called_what_the_command_line_calls_them(operator: Person, desk: Desk) -> None:
    """What streams gave up whole lies in a bucket, which is the command line's."""
    places = {one["place"]: one["count"] for one in desk.types("dlq", "ls")}
    del places["FailureBucket"]
    assert listed(operator) == places


def test_customers_are_not_let_in(shop: RunningShop, customer: Person) -> None:
    place = quote(EMAILS, safe="")
    for method, path in (
        ("GET", "operations/dead-letters"),
        ("GET", f"operations/dead-letters/{place}"),
        ("POST", f"operations/dead-letters/{place}/redrive"),
        ("GET", "operations/breaks"),
        ("PUT", "operations/breaks/email-consumer"),
        ("DELETE", "operations/breaks/email-consumer"),
        ("GET", "orders?needs=review"),
    ):
        assert customer.asks(method, path).status_code == 403, path
        assert shop.stranger.asks(method, path).status_code == 401, path


def test_an_order_that_waits_for_a_review_is_listed_until_it_is_decided(
    shop: RunningShop, customer: Person, operator: Person
) -> None:
    def waiting() -> set[str]:
        answer = operator.asks("GET", "orders?needs=review&limit=100")
        return {order["order_id"] for order in answer.json()["orders"]}

    order = customer.orders(shop.sells(stock=1), paying_with="pm_review")
    order.becomes("AWAITING_REVIEW")
    until(waiting, lambda ids: order.id in ids, "a list with the order")
    assert operator.reviews(order, "approve").status_code == 202
    until(waiting, lambda ids: order.id not in ids, "a list without the order")
    order.becomes("CONFIRMED")


def test_who_watches_an_order_is_sent_it_when_it_changes(shop: RunningShop, customer: Person) -> None:
    order = customer.orders(shop.sells(stock=1))
    order.becomes("CONFIRMED")
    seen = customer.looks_at(order)
    tag = seen.headers["etag"]
    assert (seen.status_code, seen.headers["cache-control"]) == (200, "private, no-cache")
    for method in ("GET", "HEAD"):
        for have in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            answer = customer.asks(method, f"orders/{order.id}", headers={"If-None-Match": have})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag), have
    assert shop.another_customer.asks("GET", f"orders/{order.id}", headers={"If-None-Match": "*"}).status_code == 404

    assert customer.cancels(order).status_code == 202
    answer = customer.asks("GET", f"orders/{order.id}", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.json()["status"]) == (200, "CANCELLED")
    assert answer.headers["etag"] != tag
