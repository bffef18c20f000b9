"""Everything that the checks look at, read from AWS directly: the audit trusts no function of the shop."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field

from cli.audit.endings import Endings, endings_of
from cli.context import Stack
from contracts.orders_stream import OrderStatus
from contracts.types import Goods, Money, Timestamp, Value
from shopkit.dynamodb import from_item

type Row = dict[str, Any]


class Order(Value):
    pk: str
    order_id: str
    customer_id: str
    status: OrderStatus
    total: Money
    lines: tuple[Goods, ...]
    review: Literal["approved", "rejected"] | None = None
    attention: Mapping[str, Any] | None = None
    version: int


class CatalogueEntry(Value):
    """A product as the inventory sells it, or as the order service knows it."""

    sku: str
    name: str
    price: Money
    version: int


class Product(CatalogueEntry):
    available: int
    reserved: int


class Reservation(Value):
    order_id: str
    status: Literal["RESERVED", "REJECTED", "COMMITTED", "RELEASED", "RETURNED"]
    lines: tuple[Goods, ...]
    version: int


class Payment(Value):
    order_id: str
    status: Literal["UNPAID", "AUTHORIZED", "DECLINED", "CAPTURED", "VOIDED", "REFUNDED"]
    settlement_failed: Mapping[str, Any] | None = None
    version: int


class Charge(Value):
    """A charge in the gateway's own ledger, in minor units; `answers` are by gateway key, `<order>:<operation>`."""

    order_id: str
    currency: str
    authorized: int
    captured: int
    refunded: int
    voided: bool
    answers: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)

    @property
    def captures(self) -> int:
        """How many captures the gateway carried out."""
        return sum(key.endswith(":capture") and "amount" in answer for key, answer in self.answers.items())


class Notification(Value):
    pk: str
    channel: str
    event_id: str
    type: str
    entity_version: int
    order_id: str
    status: Literal["SENDING", "SENT", "KEPT", "FAILED"]
    reason: str | None = None
    at: Timestamp
    version: int


class Recorded(Value):
    """An event that came over the bus, as the order's timeline keeps it."""

    order_id: str
    source: str
    type: str
    event_id: str
    entity_version: int
    occurred_at: datetime


class Counted(Value):
    """What one click or purchase was counted for, by its id."""

    counter: str
    sku: str
    minute: Timestamp


class CounterRow(Value):
    """Counts of one sku in one minute of an hour, or one hour of a day."""

    pk: str
    sk: str
    views: int = 0
    carts: int = 0
    checkouts: int = 0
    purchases: int = 0

    def count(self, counter: str) -> int:
        number: int = getattr(self, counter)
        return number


@dataclass(frozen=True)
class Evidence:
    """Orders, reservations, payments and charges by order id; products and the replica by sku; `counted` by id.
    `webhook_since` is when the webhook was last turned on; None when it is off."""

    at: datetime = field(compare=False)
    orders: Mapping[str, Order]
    replica: Mapping[str, CatalogueEntry]
    timeline: tuple[Recorded, ...]
    products: Mapping[str, Product]
    restocked: Mapping[str, int]
    reservations: Mapping[str, Reservation]
    payments: Mapping[str, Payment]
    charges: Mapping[str, Charge]
    notifications: tuple[Notification, ...]
    counted: Mapping[str, Counted]
    counters: tuple[CounterRow, ...]
    endings: Endings
    webhook_since: datetime | None = None


def gather(stack: Stack) -> Evidence:
    """Reads every table whole, so its cost grows with what was ever sold."""

    def rows(path: str) -> list[Row]:
        return list(_scan(stack.client("dynamodb"), stack.resources[path]))

    orders, inventory, clicks = rows("Order/Orders"), rows("Inventory/Inventory"), rows("Clickstream/Counters")
    restocked: dict[str, int] = {}
    for row in _with_prefix(inventory, "restock#"):
        restocked[row["sku"]] = restocked.get(row["sku"], 0) + row["quantity"]
    return Evidence(
        at=datetime.now(UTC),
        orders={row["pk"].removeprefix("order#"): Order.model_validate(row) for row in _with_prefix(orders, "order#")},
        replica={row["sku"]: CatalogueEntry.model_validate(row) for row in _with_prefix(orders, "product#")},
        timeline=tuple(Recorded.model_validate(row) for row in rows("Order/Timeline")),
        products={row["sku"]: Product.model_validate(row) for row in _with_prefix(inventory, "product#")},
        restocked=restocked,
        reservations={
            row["order_id"]: Reservation.model_validate(row) for row in _with_prefix(inventory, "reservation#")
        },
        payments={row["order_id"]: Payment.model_validate(row) for row in rows("Payment/Payments")},
        charges={row["order_id"]: Charge.model_validate(row) for row in rows("Payment/SandboxLedger")},
        notifications=tuple(Notification.model_validate(row) for row in rows("Notify/Notifications")),
        counted={row["pk"]: Counted.model_validate(row) for row in clicks if row["sk"] == "counted"},
        counters=tuple(CounterRow.model_validate(row) for row in clicks if row["sk"] != "counted"),
        endings=endings_of(stack),
        webhook_since=next(
            (
                found.since
                for found in stack.resources.of_type("AWS::SNS::Subscription")
                if found.path == "Notify/WebhookSubscription"
            ),
            None,
        ),
    )


def _scan(dynamodb: Any, table: str) -> Iterator[Row]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        for item in page["Items"]:
            yield from_item(item)


def _with_prefix(rows: list[Row], prefix: str) -> list[Row]:
    return [row for row in rows if row["pk"].startswith(prefix)]
