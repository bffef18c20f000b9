"""The inventory on moto, called through its functions' handlers as API Gateway, checkout and the streams call them."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from moto import mock_aws

from contracts.envelope import Envelope
from inventory import get_product, list_products, reserve, restock, store, sync, upsert
from inventory.domain import Product, ProductRequest, Reservation, ReservationStatus, upserted
from inventory.events import events_of
from shopkit.aws import client
from shopkit.dynamodb import to_item
from shopkit.streams import change_of
from shopkit.types import LambdaHandler
from tests.support import tables
from tests.support.api_gateway import OPERATOR, Answer, Caller, call

MUG = {
    "name": "Mug",
    "description": "Stoneware, 30 cl.",
    "price": {"amount": 1450, "currency": "USD"},
    "image": "/images/mug.svg",
}


@dataclass(frozen=True)
class Books:
    """Where every unit of a sku is that ever came in."""

    restocked: int
    available: int
    reserved: int
    sold: int

    @property
    def balanced(self) -> bool:
        counters = (self.available, self.reserved, self.sold)
        return min(counters) >= 0 and sum(counters) == self.restocked


class Inventory:
    def __init__(self, table: str, failure_queue_url: str) -> None:
        self.table, self._failures = table, failure_queue_url

    def put(self, sku: str, body: Any = MUG, caller: Caller = OPERATOR, **request: Any) -> Answer:
        return _call(upsert.handler, sku, body, caller=caller, **request)

    def restock(self, sku: str, body: Any, key: str | None = "key-1", **request: Any) -> Answer:
        headers = {} if key is None else {"Idempotency-Key": key}
        return _call(restock.handler, sku, body, headers=headers, **{"caller": OPERATOR, **request})

    def get(self, sku: str) -> Answer:
        return _call(get_product.handler, sku)

    def page(self, **query: str) -> Answer:
        return call(list_products.handler, "/products", query=query)

    def stock(self, **units: int) -> None:
        """Creates products with that many available units each."""
        for sku, quantity in units.items():
            assert self.put(sku).status == 201
            assert self.restock(sku, {"quantity": quantity}, key=f"first {sku}").status == 200

    def seed(self, **units: int) -> None:
        """Like `stock`, for many products, and without restock rows."""
        product = upserted(None, "seed", ProductRequest.model_validate(MUG), datetime.now(UTC)).model_dump(mode="json")
        for sku, quantity in units.items():
            row = {**product, "pk": f"product#{sku}", "sku": sku, "available": quantity}
            client("dynamodb").put_item(TableName=self.table, Item=to_item(row))

    def reserve(self, order_id: str, **units: int) -> dict[str, Any]:
        lines = [{"sku": sku, "quantity": quantity} for sku, quantity in units.items()]
        answer: dict[str, Any] = reserve.handler({"order_id": order_id, "lines": lines}, None)
        return answer

    def hot(self, sku: str, *, shards: int, units: int = 0) -> None:
        """Makes a product hot, and adds units."""
        assert self.put(sku, {**MUG, "stock_shards": shards}).status in {200, 201}
        if units:
            assert self.restock(sku, {"quantity": units}, key=f"hot {sku}").status == 200

    def rows_of(self, sku: str) -> list[tuple[int, int]]:
        """Returns the units available and reserved in each row of a product, from row 0 on."""
        stock = store.find_stock(sku)
        assert stock
        return [(row.available, row.reserved) for row in stock.rows]

    def order_became(self, order_id: str, status: str) -> dict[str, Any]:
        image = {"pk": f"order#{order_id}", "order_id": order_id, "status": status}
        return self.synced({"SequenceNumber": "7", "NewImage": to_item(image)})

    def synced(self, *changes: dict[str, Any]) -> dict[str, Any]:
        return sync.handler({"Records": [{"eventName": "MODIFY", "dynamodb": change} for change in changes]}, None)

    def product(self, sku: str) -> Product:
        product = store.find_product(sku)
        assert product
        return product

    def reservation(self, order_id: str) -> Reservation:
        reservation = store.find_reservation(order_id)
        assert reservation
        return reservation

    def rows(self) -> list[dict[str, Any]]:
        return tables.rows(self.table)

    def books(self, sku: str) -> Books:
        return books(self.rows(), sku)

    def tamper(self, sku: str, **counters: int) -> None:
        """Changes rows without using the service."""
        for name, value in counters.items():
            client("dynamodb").update_item(
                TableName=self.table,
                Key=to_item({"pk": f"product#{sku}"}),
                UpdateExpression=f"SET {name} = :value",
                ExpressionAttributeValues=to_item({":value": value}),
            )

    def stream(self) -> list[dict[str, Any]]:
        return tables.stream_records(self.table)

    def events(self) -> list[Envelope[Any]]:
        """Returns every event that the relay publishes for what happened so far."""
        changes = [change_of(record) for record in self.stream()]
        return [event for change in changes for event in events_of(change.old, change.new)]

    def set_aside(self) -> list[dict[str, Any]]:
        answer = client("sqs").receive_message(QueueUrl=self._failures, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def books(rows: Iterable[dict[str, Any]], sku: str) -> Books:
    """Computes the books from the rows alone, as an auditor would."""
    restocked = sold = 0
    held: list[dict[str, Any]] = []
    for row in rows:
        kind, _, name = row["pk"].partition("#")
        if kind == "restock" and row["sku"] == sku:
            restocked += row["quantity"]
        elif kind == "reservation" and row["status"] == ReservationStatus.COMMITTED:
            sold += sum(line["quantity"] for line in row["lines"] if line["sku"] == sku)
        elif kind in {"product", "stock"} and name.partition("#")[0] == sku:
            held.append(row)
    available, reserved = (sum(row.get(name, 0) for row in held) for name in ("available", "reserved"))
    return Books(restocked=restocked, available=available, reserved=reserved, sold=sold)


@contextmanager
def inventory_on_moto() -> Iterator[Inventory]:
    with mock_aws():
        table = tables.create_tables("inventory")["Inventory"]
        queue = client("sqs").create_queue(QueueName="failures")["QueueUrl"]
        with patch.dict("os.environ", INVENTORY_TABLE=table, FAILURE_QUEUE_URL=queue):
            yield Inventory(table, queue)


def _call(handler: LambdaHandler, sku: str, body: Any = None, **request: Any) -> Answer:
    """Calls the function. A `body` that is already text is sent unchanged."""
    sent = {"raw": body} if isinstance(body, str) else {"body": body}
    return call(handler, f"/products/{sku}", parameters={"sku": sku}, **sent, **request)
