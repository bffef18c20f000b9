"""The sales table and the failure queue on moto, a broker on this machine, and order events on their way to both."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from contracts.envelope import Envelope, EventData, envelop
from contracts.order import OrderCancelled, OrderConfirmed, OrderPlaced
from contracts.types import Money, OrderLine
from kafkabridge import count_sales
from tests.support.tables import create_tables, rows

NOW = datetime(2024, 5, 17, 10, 20, tzinfo=UTC)


@dataclass
class View:
    """The sales view, as whoever reads it sees it."""

    table: str
    failures: str

    def sold(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Units and revenue by sku and hour, without what came and went."""
        found = {(row["sku"], row["hour"][11:13]): (row["units"], row["revenue"]) for row in self.counters()}
        return {key: counts for key, counts in found.items() if counts != (0, 0)}

    def counters(self) -> list[dict[str, Any]]:
        """The rows of the day."""
        return [row for row in self.rows() if row["pk"] == f"day#{NOW:%Y-%m-%d}"]

    def rows(self) -> list[dict[str, Any]]:
        return rows(self.table)

    def set_aside(self) -> list[dict[str, Any]]:
        """What lies in the failure queue; it is taken out."""
        answer = boto3.client("sqs").receive_message(QueueUrl=self.failures, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


@pytest.fixture
def view(monkeypatch: pytest.MonkeyPatch) -> Iterator[View]:
    with mock_aws():
        table = create_tables("kafka")["Sales"]
        queue = boto3.client("sqs").create_queue(QueueName="failures")["QueueUrl"]
        monkeypatch.setenv("SALES_TABLE", table)
        monkeypatch.setenv("FAILURE_QUEUE_URL", queue)
        yield View(table, queue)


def line(sku: str, quantity: int, price: int, currency: str = "USD") -> OrderLine:
    return OrderLine(sku=sku, quantity=quantity, name=sku, unit_price=Money(amount=price, currency=currency))


def placed(order_id: str) -> Envelope[Any]:
    lines = (line("tea", 1, 500),)
    return _event(OrderPlaced(**_common(order_id), lines=lines, payment_method="pm_visa", placed_at=NOW), order_id, 1)


def confirmed(order_id: str, *lines: OrderLine, hours: int = 0) -> Envelope[Any]:
    chosen = lines or (line("tea", 2, 500),)
    return _event(OrderConfirmed(**_common(order_id), lines=chosen), order_id, 2, hours)


def cancelled(order_id: str, hours: int = 0) -> Envelope[Any]:
    return _event(OrderCancelled(**_common(order_id), reason="changed my mind"), order_id, 3, hours)


def _common(order_id: str) -> dict[str, Any]:
    return {"order_id": order_id, "customer_id": "cus", "total": Money(amount=1000)}


def _event(data: EventData, order_id: str, version: int, hours: int = 0) -> Envelope[Any]:
    at = NOW + timedelta(hours=hours)
    return envelop(data, entity_id=order_id, entity_version=version, occurred_at=at, correlation_id=order_id)


def record(value: bytes | None, offset: int = 0, partition: int = 0) -> dict[str, Any]:
    """A record as Lambda's Kafka event source hands it over."""
    return {
        "topic": "shop.orders",
        "partition": partition,
        "offset": offset,
        "timestamp": int(NOW.timestamp() * 1000),
        "timestampType": "CREATE_TIME",
        "key": base64.b64encode(b"key").decode(),
        **({} if value is None else {"value": base64.b64encode(value).decode()}),
        "headers": [],
    }


def records(*events: Envelope[Any]) -> list[dict[str, Any]]:
    return [record(json.dumps(event.as_published()).encode(), offset) for offset, event in enumerate(events)]


def count(*batch: dict[str, Any]) -> None:
    """Hands a batch to the function. Raises what makes Lambda hand it over again."""
    by_partition: dict[str, list[dict[str, Any]]] = {}
    for each in batch:
        by_partition.setdefault(f"shop.orders-{each['partition']}", []).append(each)
    count_sales.handler({"eventSource": "SelfManagedKafka", "records": by_partition}, None)
