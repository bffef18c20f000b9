"""The traces of one order show every function that it passed, what led to it, and what still waits."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.desk import Desk
from tests.support.eventually import until
from tests.support.faults import held_back
from tests.support.shop import Order, Person, RunningShop

pytestmark = pytest.mark.e2e

PASSED = {
    ("POST /orders", "order.place", "call"),
    ("order.place", "order.relay OrderPlaced", "stream"),
    ("order.relay OrderPlaced", "checkout", "bus"),
    *(("checkout", task, "call") for task in ("inventory.reserve", "payment.authorize")),
    *(("checkout", task, "call") for task in ("payment.capture", "order.confirm")),
    ("inventory.reserve", "inventory.relay StockReserved", "stream"),
    ("payment.authorize", "payment.relay PaymentAuthorized", "stream"),
    ("payment.capture", "payment.relay PaymentCaptured", "stream"),
    ("order.confirm", "order.relay OrderConfirmed", "stream"),
    ("order.confirm", "inventory.sync", "stream"),
    ("inventory.sync", "inventory.relay StockCommitted", "stream"),
    *(
        ("order.relay OrderPlaced", f"{reader} OrderPlaced", "queue")
        for reader in ("order.record_timeline", "notify.email")
    ),
    ("order.relay OrderConfirmed", "order.record_timeline OrderConfirmed", "queue"),
    ("order.relay OrderConfirmed", "notify.email OrderConfirmed", "queue"),
    ("order.relay OrderConfirmed", "clickstream.purchases OrderConfirmed", "queue"),
    ("notify.email OrderPlaced", "notify.relay NotificationSent", "stream"),
    ("notify.relay NotificationSent", "order.record_timeline NotificationSent", "queue"),
}


def test_the_trace_shows_each_function_and_what_led_to_it(
    shop: RunningShop, customer: Person, desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "traces.json"
    order = customer.orders(shop.sells(stock=1), paying_with="pm_flaky")
    order.becomes("CONFIRMED")

    found = until(lambda: traced(desk, order, "--otlp", str(file)), lambda now: joins(now) >= PASSED, "the whole trace")

    tries = [step for step in found["steps"] if step["name"] == "payment.authorize"]
    assert [(step["attempt"], step["error"]) for step in tries] == [
        (1, "GatewayUnavailable"),
        (2, "GatewayUnavailable"),
        (3, None),
    ]
    assert [
        call["operation"] for step in found["steps"] for call in step["calls"] if step["name"] == "order.place"
    ] == [
        "GetItem",
        "BatchGetItem",
        "PutItem",
    ]
    assert found["untraced"] == []
    document = json.loads(file.read_text())
    spans = [span for one in document["resourceSpans"] for scope in one["scopeSpans"] for span in scope["spans"]]
    ids = {span["spanId"] for span in spans}
    assert all(link["spanId"] in ids for span in spans for link in span.get("links", []))


def test_what_a_switched_off_consumer_has_not_taken_is_shown_waiting(
    shop: RunningShop, customer: Person, desk: Desk
) -> None:
    with held_back(shop, "Clickstream/Purchases"), held_back(shop, "Inventory/Sync"):
        order = customer.orders(shop.sells(stock=1))
        order.becomes("CONFIRMED")
        wanted = {("clickstream.purchases", "OrderConfirmed", True), ("inventory.sync", "write to Orders", True)}
        until(lambda: waiting(traced(desk, order)), lambda now: now == wanted, "what waits")

    until(lambda: waiting(traced(desk, order)), lambda now: now == set(), "all that waited to be taken")


def traced(desk: Desk, order: Order, *options: str) -> dict[str, Any]:
    """Its trace, empty while there is none yet."""
    code, said = desk.tries("trace", order.id, *options)
    return said if code == 0 else {"steps": [], "waiting": [], "untraced": []}


def joins(found: dict[str, Any]) -> set[tuple[str, str, str]]:
    names = {step["id"]: f"{step['name']} {step['event'] or ''}".strip() for step in found["steps"]}
    return {(names[step["cause"]], names[step["id"]], step["link"]) for step in found["steps"] if step["cause"]}


def waiting(found: dict[str, Any]) -> set[tuple[str, str, bool]]:
    return {(one["consumer"], one["event"], one["switched_off"]) for one in found["waiting"]}
