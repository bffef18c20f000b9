"""The order service on moto, called through its functions' handlers as API Gateway, checkout and queues call them."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws

from contracts.envelope import Envelope, envelop
from contracts.inventory import ProductUpdated
from contracts.types import Money
from order import (
    attention,
    await_review,
    cancel,
    catalogue,
    confirm,
    expire_review,
    get,
    get_timeline,
    hold,
    place,
    reconcile,
    record_timeline,
    reject,
    review,
    review_token,
    store,
)
from order import list as list_orders
from order.domain import Order
from order.events import events_of
from shopkit import clock
from shopkit.aws import client
from shopkit.dynamodb import from_item
from shopkit.streams import change_of
from tests.support.api_gateway import ALICE, OPERATOR, Answer, Caller, call
from tests.support.deliveries import returned, sqs_record
from tests.support.tables import create_tables, stream_records

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
PRICES = {"MUG": 1450, "TEE": 2900, "PEN": 1}
ADDRESS = {
    "name": "A Customer",
    "line1": "1 Example Street",
    "city": "Springfield",
    "postal_code": "12345",
    "country": "US",
}
REVIEW_THRESHOLD = 100_000
MAX_RESTARTS = 3


def wanted(*lines: tuple[str, int], **changes: Any) -> dict[str, Any]:
    """Returns a body for POST /orders: two mugs by default."""
    return {
        "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines or (("MUG", 2),)],
        "payment_method": "pm_visa",
        "shipping_address": deepcopy(ADDRESS),
        **changes,
    }


class Clock:
    """The time that the service sees."""

    def __init__(self) -> None:
        self.now = START

    def forward(self, by: timedelta) -> None:
        self.now += by


class Orders:
    """Create it with `orders_on_moto()`."""

    def __init__(self, tables: dict[str, str]) -> None:
        self.tables, self.clock = tables, Clock()

    # ── The front door ────────────────────────────────────────────────────────────────────────────────────────────────

    def place(
        self,
        body: Any = None,
        *,
        key: str | None = "key-1",
        caller: Caller = ALICE,
        raw: str | None = None,
        **more: Any,
    ) -> Answer:
        headers = {} if key is None else {"Idempotency-Key": key}
        sent = wanted() if body is None and raw is None else body
        return call(place.handler, "/orders", caller=caller, headers=headers, body=sent, raw=raw, **more)

    def placed(self, body: Any = None, *, key: str = "key-1", caller: Caller = ALICE) -> str:
        """Places an order that is accepted, and returns its id."""
        answer = self.place(body, key=key, caller=caller)
        assert answer.status == 201, answer.body
        order_id: str = answer.body["order_id"]
        return order_id

    def get(self, order_id: str, caller: Caller = ALICE) -> Answer:
        return call(get.handler, f"/orders/{order_id}", caller=caller, parameters={"order_id": order_id})

    def page(self, caller: Caller = ALICE, **query: str) -> Answer:
        return call(list_orders.handler, "/orders", caller=caller, query=query or None)

    def timeline(self, order_id: str, caller: Caller = ALICE) -> Answer:
        path = f"/orders/{order_id}/timeline"
        return call(get_timeline.handler, path, caller=caller, parameters={"order_id": order_id})

    def cancel(self, order_id: str, caller: Caller = ALICE) -> Answer:
        path = f"/orders/{order_id}/cancellation"
        return call(cancel.handler, path, caller=caller, parameters={"order_id": order_id})

    def review(self, order_id: str, decision: str = "approve", caller: Caller = OPERATOR, **more: Any) -> Answer:
        path, body = f"/orders/{order_id}/review", {"decision": decision, **more}
        return call(review.handler, path, caller=caller, parameters={"order_id": order_id}, body=body)

    # ── Called by checkout and on a schedule ──────────────────────────────────────────────────────────────────────────

    def confirm(self, order_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = confirm.handler({"order_id": order_id}, None)
        return answer

    def reject(self, order_id: str, reason: str = "out_of_stock") -> dict[str, Any]:
        answer: dict[str, Any] = reject.handler({"order_id": order_id, "reason": reason}, None)
        return answer

    def hold(self, order_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = hold.handler({"order_id": order_id}, None)
        return answer

    def reconcile(self) -> dict[str, int]:
        answer: dict[str, Any] = reconcile.handler({}, None)
        return answer

    def await_review(self, order_id: str, execution: str = "execution-1") -> None:
        await_review.handler({"order_id": order_id, "execution": execution, "token": f"token of {execution}"}, None)

    def review_token(self, order_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = review_token.handler({"order_id": order_id}, None)
        return answer

    def expire_review(self, order_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = expire_review.handler({"order_id": order_id}, None)
        return answer

    # ── From queues ───────────────────────────────────────────────────────────────────────────────────────────────────

    def learn(self, sku: str, price: int, version: int = 1, name: str | None = None) -> None:
        """Delivers an update from the catalogue."""
        assert deliver(catalogue.handler, updated(sku, price, version, name)) == []

    def tell_timeline(self, *events: Envelope[Any]) -> None:
        assert deliver(record_timeline.handler, *events) == []

    def tell_of_payment(self, *events: Envelope[Any]) -> None:
        assert deliver(attention.handler, *events) == []

    # ── What is there ─────────────────────────────────────────────────────────────────────────────────────────────────

    def order(self, order_id: str) -> Order:
        order = store.find(order_id)
        assert order
        return order

    def has_review_token(self, order_id: str) -> bool:
        return store.review_token(order_id) is not None

    def all(self) -> list[Order]:
        rows = [from_item(item) for item in boto3.client("dynamodb").scan(TableName=self.tables["Orders"])["Items"]]
        return [store.order_in(row) for row in rows if row["pk"].startswith("order#")]

    def replica(self) -> dict[str, int]:
        """Returns the price of every product that the service knows."""
        return {sku: entry.price.amount for sku, entry in store.catalogue(PRICES).items()}

    def stream(self) -> list[dict[str, Any]]:
        return stream_records(self.tables["Orders"])

    def events(self) -> list[Envelope[Any]]:
        """Returns the events that the relay publishes for everything that happened so far."""
        changes = [change_of(record) for record in self.stream()]
        return [event for change in changes for event in events_of(change.old, change.new)]


@contextmanager
def orders_on_moto() -> Iterator[Orders]:
    """The order service with a catalogue of PRICES, at START."""
    with mock_aws():
        tables = create_tables("order")
        boto3.client("events").create_event_bus(Name="bus")
        environment = {
            "ORDERS_TABLE": tables["Orders"],
            "TIMELINE_TABLE": tables["Timeline"],
            "ORDER_ID_SCOPE": "a shop",
            "KEY_SHARDS": "4",
            "REVIEW_THRESHOLD": str(REVIEW_THRESHOLD),
            "CHECKOUT_LIMIT_SECONDS": "600",
            "REVIEW_LIMIT_SECONDS": "86400",
            "MAX_RESTARTS": str(MAX_RESTARTS),
            "BUS_NAME": "bus",
        }
        orders = Orders(tables)
        with (
            patch.dict(os.environ, environment),
            patch.object(clock, "now", lambda: orders.clock.now),
            _no_longer_keys_than_aws_takes(),
        ):
            for sku, price in PRICES.items():
                orders.learn(sku, price)
            yield orders


@contextmanager
def _no_longer_keys_than_aws_takes() -> Iterator[None]:
    """DynamoDB refuses hash keys of more than 2,048 bytes in a query; moto does not."""

    def check(params: dict[str, Any], **_event: Any) -> None:
        assert len(params["Key"]["pk"]["S"].encode()) <= 2048

    events = client("dynamodb").meta.events
    events.register("provide-client-params.dynamodb.GetItem", check)
    try:
        yield
    finally:
        events.unregister("provide-client-params.dynamodb.GetItem", check)


def updated(sku: str, price: int, version: int, name: str | None = None) -> Envelope[ProductUpdated]:
    return envelop(
        ProductUpdated(sku=sku, name=name or sku.title(), price=Money(amount=price)),
        entity_id=sku,
        entity_version=version,
        occurred_at=START + timedelta(seconds=version),
        correlation_id=sku,
    )


def deliver(handler: Any, *events: Envelope[Any]) -> list[str]:
    """Delivers a batch from the function's queue. Returns the ids of the events that failed."""
    return failed(handler, *(json.dumps(event.as_published()) for event in events))


def failed(handler: Any, *bodies: str) -> list[str]:
    """Delivers a batch of messages unchanged. Returns the event ids, or else the positions, of those that failed."""
    records = [sqs_record(body, str(index)) for index, body in enumerate(bodies)]
    return returned(handler({"Records": records}, None))
