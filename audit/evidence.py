"""Everything that the checks compare, read directly from AWS. The audit trusts no function of the shop."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from audit.endings import Endings, endings_of
from audit.people import Customer, customers_of
from audit.wiring import Wiring, wiring_of
from contracts.orders_stream import OrderStatus
from contracts.types import Goods, Money, OrderLine, Timestamp, Value
from deployed.mails import with_text
from deployed.stack import Stack
from shopkit.dynamodb import pages

type Row = dict[str, Any]
type Minute = Annotated[datetime, BeforeValidator(lambda text: datetime.fromisoformat(str(text)).replace(tzinfo=UTC))]
type Counting = Callable[[int], None]

# Fewer threads than boto3's pool of ten connections.
_AT_ONCE = 8


class Order(Value):
    """A row of the orders table. `all_orders` and `open` put it into the indexes of all orders and of undecided
    orders, whose keys are spread: `all`, `all#1`, … by `key_shard`."""

    pk: str
    order_id: str
    customer_id: str
    status: OrderStatus
    total: Money
    lines: tuple[OrderLine, ...]
    payment_method: str
    reason: str | None = None
    review: Literal["approved", "rejected"] | None = None
    attention: Mapping[str, Any] | None = None
    placed_at: Timestamp
    updated_at: Timestamp
    version: int
    key_shard: int = 0
    all_orders: str | None = None
    open: str | None = None

    @property
    def goods(self) -> tuple[Goods, ...]:
        return tuple(Goods(sku=line.sku, quantity=line.quantity) for line in self.lines)


class CatalogueEntry(Value):
    """A product as the inventory sells it, or as the order service's replica has it."""

    sku: str
    name: str
    price: Money
    version: int


class Product(CatalogueEntry):
    """A row of the products. `catalogue` puts it into the index that lists all products."""

    catalogue: str | None = None
    available: int
    reserved: int


class StockRow(Value):
    """A further row of a hot product's stock, from row 1 on."""

    available: int = 0
    reserved: int = 0


class Reservation(Value):
    """A decision about an order's goods. `rows` says from which row those of each hot product were taken."""

    order_id: str
    status: Literal["RESERVED", "REJECTED", "COMMITTED", "RELEASED", "RETURNED"]
    lines: tuple[Goods, ...]
    short: tuple[str, ...] = ()
    rows: Mapping[str, int] | None = None
    version: int
    updated_at: Timestamp


class Answered(Value):
    """The gateway's response to one operation, as the payment service recorded it."""

    approved: bool
    amount: Money | None = None
    reason: str | None = None
    at: Timestamp


class Payment(Value):
    """A payment. `intents` and `answers` are by operation. `closed` is the tombstone, after which no new operation
    begins."""

    order_id: str
    status: Literal["UNPAID", "AUTHORIZED", "DECLINED", "CAPTURED", "VOIDED", "REFUNDED"]
    amount: Money | None = None
    payment_method: str | None = None
    intents: Mapping[str, Timestamp] = Field(default_factory=dict)
    answers: Mapping[str, Answered] = Field(default_factory=dict)
    closed: Timestamp | None = None
    settlement_failed: Mapping[str, Any] | None = None
    version: int


class Charge(Value):
    """A charge in the gateway's own ledger, in minor units. `answers` are by gateway key, `<order>:<operation>`."""

    order_id: str
    amount: int
    currency: str
    payment_method: str
    authorized: int
    captured: int
    refunded: int
    voided: bool
    answers: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)

    @property
    def captures(self) -> int:
        """Returns how many captures the gateway carried out."""
        return sum(key.endswith(":capture") and "amount" in answer for key, answer in self.answers.items())

    def answered(self, operation: str) -> int:
        """Returns the total of the gateway's responses to this operation."""
        return sum(answer.get("amount", 0) for key, answer in self.answers.items() if key.endswith(f":{operation}"))

    @property
    def owed(self) -> int:
        """The customer's money that a closed order still has, captured or only authorized."""
        return self.captured - self.refunded if self.captured or self.voided else self.authorized


class Notification(Value):
    pk: str
    channel: str
    event_id: str
    type: str
    entity_version: int
    order_id: str
    customer_id: str
    status: Literal["SENDING", "SENT", "KEPT", "FAILED"]
    reason: str | None = None
    message_id: str | None = None
    to: str | None = None
    text: str | None = None
    at: Timestamp
    version: int


class Recorded(Value):
    """An event that was published on the bus, as the order's timeline stores it."""

    order_id: str
    at_event: str
    source: str
    type: str
    event_id: str
    version: int
    correlation_id: str
    entity_version: int
    occurred_at: Timestamp
    data: Mapping[str, Any]


class Clicked(NamedTuple):
    """What a click counts for, as claimed for the record of the stream that was the first to bring it."""

    counter: str
    sku: str
    minute: Minute


class ClaimsRow(Value):
    """Clicks of one session, by the record of the stream and the event's id."""

    pk: str
    claims: Mapping[str, Mapping[str, Clicked]]


class CountsRow(Value):
    """How many, by minute, counter and sku, and the records of the stream or events that brought them. The key names
    the minute in which they arrived."""

    pk: str
    sk: str
    counted: frozenset[str]
    counts: Mapping[Minute, Mapping[str, Mapping[str, int]]]

    @property
    def minute(self) -> datetime:
        day, time = self.pk.removeprefix("counts#"), self.sk.partition("#")[0]
        return datetime.fromisoformat(f"{day}T{time}+00:00")

    @model_validator(mode="after")
    def _names_its_minute(self) -> Self:
        _ = self.minute
        return self

    @property
    def of_purchases(self) -> bool:
        return "#purchases-" in self.sk


class Restock(Value):
    """Units that came in, with the product as it was at that time."""

    sku: str
    quantity: int
    product: CatalogueEntry


@dataclass(frozen=True)
class Unreadable:
    """A row that does not match its table's model: the table, the key and the names of the invalid fields."""

    table: str
    key: str
    fields: str


@dataclass(frozen=True)
class Evidence:
    """Orders, reservations, payments and charges are by order id; products and the replica by sku; further rows of
    stock by sku and number; `clicks` by session and event id; customers by the customer id in orders. `webhook_since`
    is when the webhook was last turned on, or None if it is off."""

    at: datetime = field(compare=False)
    orders: Mapping[str, Order]
    replica: Mapping[str, CatalogueEntry]
    timeline: tuple[Recorded, ...]
    products: Mapping[str, Product]
    restocks: tuple[Restock, ...]
    reservations: Mapping[str, Reservation]
    payments: Mapping[str, Payment]
    charges: Mapping[str, Charge]
    notifications: tuple[Notification, ...]
    clicks: Mapping[tuple[str, str], Clicked]
    counters: tuple[CountsRow, ...]
    endings: Endings
    stock_rows: Mapping[tuple[str, int], StockRow] = field(default_factory=dict)
    wiring: Wiring = field(default_factory=Wiring)
    customers: Mapping[str, Customer] = field(default_factory=dict, compare=False)
    unreadable: tuple[Unreadable, ...] = ()
    webhook_since: datetime | None = None

    @property
    def restocked(self) -> Mapping[str, int]:
        """Returns the units that came in, by sku."""
        units: dict[str, int] = {}
        for restock in self.restocks:
            units[restock.sku] = units.get(restock.sku, 0) + restock.quantity
        return units


# Tables that are read whole, by their path in the stack.
_TABLES = {
    "orders": "Order/Orders",
    "timeline": "Order/Timeline",
    "inventory": "Inventory/Inventory",
    "payments": "Payment/Payments",
    "ledger": "Payment/SandboxLedger",
    "notifications": "Notify/Notifications",
    "clicks": "Clickstream/Counters",
}


def gather(stack: Stack, counting: Counting = lambda _rows: None) -> Evidence:
    """Reads every table whole, one page at a time and all tables at once, and makes no further call per row. So twice
    as many orders mean twice as many pages. Calls `counting` with the number of rows of each page. Raises
    ClientError."""
    dynamodb, resources = stack.client("dynamodb"), stack.resources
    # Create the clients in one thread: boto3's sessions are not thread-safe, its clients are.
    for service in ("sqs", "stepfunctions", "s3", "lambda", "events", "sns", "cloudwatch", "kinesis", "firehose"):
        stack.client(service)
    stack.client("cognito-idp")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        tables = {name: pool.submit(_whole, dynamodb, resources[path], counting) for name, path in _TABLES.items()}
        customers = pool.submit(customers_of, stack)
        endings, wiring = endings_of(stack), wiring_of(stack)
        rows = {name: reading.result() for name, reading in tables.items()}
        return evidence_in(
            rows, endings=endings, wiring=wiring, customers=customers.result(), webhook_since=_webhook_since(stack)
        )


def rows_to_read(stack: Stack) -> int:
    """Returns about how many rows `gather` will read. AWS updates a table's row count every six hours
    (DescribeTable)."""
    dynamodb, resources = stack.client("dynamodb"), stack.resources
    tables = (dynamodb.describe_table(TableName=resources[path])["Table"] for path in _TABLES.values())
    return sum(table.get("ItemCount", 0) for table in tables)


def evidence_in(rows: Mapping[str, list[Row]], *, endings: Endings, **rest: Any) -> Evidence:
    """Builds the evidence from the rows of the tables (see `_TABLES`). Rows that cannot be read are listed in it."""
    orders, inventory, clicks = rows["orders"], rows["inventory"], rows.get("clicks", [])
    notifications = [with_text(row) for row in rows.get("notifications", [])]
    reading = _Reading()
    entries = reading.read("Order/Orders", CatalogueEntry, _with_prefix(orders, "product#"))
    products = reading.read("Inventory/Inventory", Product, _with_prefix(inventory, "product#"))
    stock_rows = reading.read("Inventory/Inventory", StockRow, _with_prefix(inventory, "stock#"))
    reservations = reading.read("Inventory/Inventory", Reservation, _with_prefix(inventory, "reservation#"))
    restocks = reading.read("Inventory/Inventory", Restock, _with_prefix(inventory, "restock#"))
    claims = reading.read("Clickstream/Counters", ClaimsRow, _with_prefix(clicks, "session#"))
    counters = reading.read("Clickstream/Counters", CountsRow, _with_prefix(clicks, "counts#"))
    placed = reading.read("Order/Orders", Order, _with_prefix(orders, "order#"))
    return Evidence(
        at=datetime.now(UTC),
        orders={_key(row, "order#"): order for row, order in placed},
        replica={_key(row, "product#"): entry for row, entry in entries},
        timeline=_values(reading.read("Order/Timeline", Recorded, rows["timeline"])),
        products={_key(row, "product#"): product for row, product in products},
        stock_rows={_stock_key(row): one for row, one in stock_rows},
        restocks=_values(restocks),
        reservations={_key(row, "reservation#"): reservation for row, reservation in reservations},
        payments={row["order_id"]: one for row, one in reading.read("Payment/Payments", Payment, rows["payments"])},
        charges={row["order_id"]: one for row, one in reading.read("Payment/SandboxLedger", Charge, rows["ledger"])},
        notifications=_values(reading.read("Notify/Notifications", Notification, notifications)),
        clicks={
            (_key(row, "session#"), event_id): click
            for row, one in claims
            for clicks in one.claims.values()
            for event_id, click in clicks.items()
        },
        counters=_values(counters),
        endings=endings,
        unreadable=tuple(reading.unreadable),
        **rest,
    )


class _Reading:
    def __init__(self) -> None:
        self.unreadable: list[Unreadable] = []

    def read[V: Value](self, table: str, model: type[V], rows: list[Row]) -> list[tuple[Row, V]]:
        """Returns the rows that match the model."""
        found = []
        for row in rows:
            try:
                found.append((row, model.model_validate(row)))
            except ValidationError as error:
                # Report only where the row is wrong, because the value may be an address.
                fields = {".".join(map(str, wrong["loc"])) for wrong in error.errors(include_input=False)}
                key = str(row.get("pk") or row.get("order_id"))
                self.unreadable.append(Unreadable(table, key, ", ".join(sorted(fields))))
        return found


def _values[V: Value](found: list[tuple[Row, V]]) -> tuple[V, ...]:
    return tuple(value for _row, value in found)


def _webhook_since(stack: Stack) -> datetime | None:
    subscriptions = stack.resources.of_type("AWS::SNS::Subscription")
    return next((found.since for found in subscriptions if found.path == "Notify/WebhookSubscription"), None)


def _whole(dynamodb: Any, table: str, counting: Counting) -> list[Row]:
    rows: list[Row] = []
    for page in pages(dynamodb, "scan", TableName=table, ConsistentRead=True):
        counting(len(page))
        rows += page
    return rows


def _stock_key(row: Row) -> tuple[str, int]:
    sku, _, number = row["pk"].removeprefix("stock#").rpartition("#")
    return sku, int(number)


def _with_prefix(rows: list[Row], prefix: str) -> list[Row]:
    return [row for row in rows if row["pk"].startswith(prefix)]


def _key(row: Row, prefix: str) -> str:
    key: str = row["pk"]
    return key.removeprefix(prefix)
