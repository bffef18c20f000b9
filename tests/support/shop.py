"""A deployed shop as its people know it: customers who order, an operator, shelves, and books to look into.

People go through API Gateway with their own tokens. What only the shop's books tell (the gateway's ledger, the stock,
the mails) is read from the tables, as the audit does, so that no function is its own witness.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx2

from audit.evidence import Charge
from deployed import users
from deployed.mails import body_of, with_text
from deployed.stack import Stack, User
from shopkit.dynamodb import from_item, pages, query
from tests.support.eventually import eventually, until

HOME = {
    "name": "Ada Example",
    "line1": "1 Example Street",
    "city": "Springfield",
    "region": "IL",
    "postal_code": "62701",
    "country": "US",
}
# What checkout or a person may still change.
OPEN = {"PLACED", "AWAITING_REVIEW"}
# At once from one machine: more would only wait in the emulator's own queue.
_BUYERS_AT_ONCE = 12
_BATCH = 100


@dataclass(frozen=True)
class Goods:
    """So many units of one product: `2 * mug`."""

    sku: str
    quantity: int = 1

    def __rmul__(self, quantity: int) -> "Goods":
        return Goods(self.sku, quantity)

    def line(self) -> dict[str, Any]:
        return {"sku": self.sku, "quantity": self.quantity}


@dataclass(frozen=True)
class NothingCharged:
    """The gateway never heard of the order."""


@dataclass(frozen=True)
class Charged:
    """What the gateway's ledger says of one order, in cents."""

    authorized: int = 0
    captured: int = 0
    refunded: int = 0
    voided: bool = False
    captures: int = 0

    @classmethod
    def of(cls, charge: Charge) -> "Charged":
        return cls(charge.authorized, charge.captured, charge.refunded, charge.voided, charge.captures)


def taken(cents: int) -> Charged:
    return Charged(authorized=cents, captured=cents, captures=1)


def given_back(cents: int) -> Charged:
    return Charged(authorized=cents, captured=cents, refunded=cents, captures=1)


def held(cents: int) -> Charged:
    return Charged(authorized=cents)


def let_go(cents: int) -> Charged:
    return Charged(authorized=cents, voided=True)


class Person:
    """Somebody at the front door, with a token or without."""

    def __init__(self, shop: "RunningShop", token: str | None, email: str = "") -> None:
        self.shop, self.token, self.email = shop, token, email
        headers = {b"Authorization": token.encode()} if token else {}
        limits = httpx2.Limits(max_connections=_BUYERS_AT_ONCE, max_keepalive_connections=_BUYERS_AT_ONCE)
        self._http = httpx2.Client(base_url=shop.url + "/", headers=headers, timeout=90, limits=limits, trust_env=False)

    def asks(self, method: str, path: str, **request: Any) -> httpx2.Response:
        """One request, whatever the answer."""
        return self._http.request(method, path, **request)

    def tries_to_order(
        self,
        *goods: Goods,
        paying_with: str = "pm_visa",
        key: str | None = None,
        expected_total: int | None = None,
        to: Mapping[str, Any] = HOME,
    ) -> httpx2.Response:
        expected = {} if expected_total is None else {"expected_total": {"amount": expected_total, "currency": "USD"}}
        return self.asks(
            "POST",
            "orders",
            json={
                "lines": [each.line() for each in goods],
                "payment_method": paying_with,
                "shipping_address": dict(to),
                **expected,
            },
            headers={"Idempotency-Key": key or str(uuid.uuid4())},
        )

    def orders(self, *goods: Goods, paying_with: str = "pm_visa", key: str | None = None) -> "Order":
        answer = self.tries_to_order(*goods, paying_with=paying_with, key=key)
        assert answer.status_code == 201, answer.text
        return Order(self.shop, answer.json()["order_id"], answer.json())

    def cancels(self, order: "Order") -> httpx2.Response:
        return self.asks("POST", f"orders/{order.id}/cancellation")

    def reviews(self, order: "Order", decision: str, note: str | None = None) -> httpx2.Response:
        body = {"decision": decision, **({"note": note} if note else {})}
        return self.asks("POST", f"orders/{order.id}/review", json=body)

    def looks_at(self, order: "Order") -> httpx2.Response:
        return self.asks("GET", f"orders/{order.id}")


@dataclass(frozen=True)
class Order:
    """An accepted order; `placed` is what its placement answered."""

    shop: "RunningShop"
    id: str
    placed: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def now(self) -> dict[str, Any]:
        """As the front door shows it to an operator."""
        answer = self.shop.operator.looks_at(self)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def becomes(self, status: str, because: str | None = None) -> dict[str, Any]:
        """Waits until the order has this status. Fails at once when it has ended otherwise."""
        found = until(
            lambda: self.now,
            lambda order: order["status"] == status or order["status"] not in OPEN,
            f"{self.id} {status}",
        )
        assert (found["status"], found["reason"]) == (status, because), f"{found}\n{self.story}"
        return found

    @property
    def charge(self) -> Charged | NothingCharged:
        """What the gateway's own ledger says."""
        row = self.shop.row("Payment/SandboxLedger", order_id=self.id)
        return Charged.of(Charge.model_validate(row)) if row else NothingCharged()

    @property
    def goods(self) -> str | None:
        """What became of its reservation."""
        row = self.shop.row("Inventory/Inventory", pk=f"reservation#{self.id}")
        return row["status"] if row else None

    @property
    def payment(self) -> dict[str, Any]:
        return self.shop.row("Payment/Payments", order_id=self.id) or {}

    @property
    def mails(self) -> list[str]:
        """What its customer was told by mail, in the order in which it happened."""
        rows = self.shop.notifications(self)
        return [row["type"] for row in rows if row["channel"] == "email" and row["status"] in {"SENT", "KEPT"}]

    @property
    def timeline(self) -> list[dict[str, Any]]:
        answer = self.shop.operator.asks("GET", f"orders/{self.id}/timeline")
        assert answer.status_code == 200, answer.text
        events: list[dict[str, Any]] = answer.json()["events"]
        return events

    @property
    def story(self) -> list[str]:
        """The names of all its events, sorted: services tell in their own time."""
        return sorted(event["type"] for event in self.timeline)

    def await_story(self, *events: str) -> None:
        """Waits until exactly these events tell its story."""
        eventually(lambda: self.story, sorted(events))


class RunningShop:
    """Everything that a test does with a deployed stack."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        # Roles and actions whose permission this test has removed.
        self.may_be_denied: set[tuple[str, str]] = set()

    @property
    def url(self) -> str:
        return self.stack.details.api_url

    @cached_property
    def customer(self) -> Person:
        return self.person(self.stack.details.customers[0])

    @cached_property
    def another_customer(self) -> Person:
        return self.person(self.stack.details.customers[1])

    @cached_property
    def operator(self) -> Person:
        return self.person(self.stack.details.operators[0])

    @cached_property
    def stranger(self) -> Person:
        return Person(self, None)

    def person(self, user: User) -> Person:
        return Person(self, users.sign_in(self.stack, user.email, user.password), user.email)

    def sells(self, stock: int, *, price: int = 1000, name: str = "Mug", shards: int = 1) -> Goods:
        """A new product with so many units, once orders know it: no two tests share one. A hot one has shards."""
        goods = self.sells_each([stock], price=price, name=name)[0]
        if shards > 1:
            self.prices(goods, price, name=name, stock_shards=shards)
        return goods

    def sells_each(self, stocks: Sequence[int], *, price: int = 1000, name: str = "Mug") -> list[Goods]:
        """Several new products at once."""
        goods = [Goods(f"E2E-{uuid.uuid4().hex[:12]}") for _ in stocks]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda each, stock: self._offer(each, stock, price, name), goods, stocks))
        for each in goods:
            until(lambda each=each: self.known(each), bool, f"{each.sku} known to orders")  # type: ignore[misc]
        return goods

    def prices(self, goods: Goods, price: int, *, name: str = "Mug", **more: Any) -> None:
        """Writes the catalogue entry; orders hear of it in their own time."""
        product = {
            **more,
            "name": name,
            "description": "For a test.",
            "price": {"amount": price, "currency": "USD"},
            "image": "images/MUG-STONE-350.svg",
        }
        answer = self.operator.asks("PUT", f"products/{goods.sku}", json=product)
        assert answer.is_success, answer.text

    def _offer(self, goods: Goods, stock: int, price: int, name: str) -> None:
        self.prices(goods, price, name=name)
        if stock:
            answer = self.operator.asks(
                "POST",
                f"products/{goods.sku}/restock",
                json={"quantity": stock},
                headers={"Idempotency-Key": f"first-{goods.sku}"},
            )
            assert answer.is_success, answer.text

    def known(self, goods: Goods) -> dict[str, Any] | None:
        """The product as orders know it."""
        return self.row("Order/Orders", pk=f"product#{goods.sku}")

    def stock(self, goods: Goods) -> tuple[int, int]:
        """Units available and reserved, in all rows of the product."""
        row = self.row("Inventory/Inventory", pk=f"product#{goods.sku}")
        assert row, f"there is no {goods.sku}"
        others = (
            self.row("Inventory/Inventory", pk=f"stock#{goods.sku}#{number}") or {}
            for number in range(1, row.get("stock_rows", 1))
        )
        rows = [row, *others]
        return sum(one.get("available", 0) for one in rows), sum(one.get("reserved", 0) for one in rows)

    def buyers(self, count: int, *each: Goods, paying_with: str = "pm_visa") -> list[Order]:
        """So many orders at once, by both customers in turn."""
        return self.crowd([each] * count, paying_with=paying_with)

    def crowd(self, carts: Sequence[Sequence[Goods]], *, paying_with: str = "pm_visa") -> list[Order]:
        """One order per cart, as fast as this machine can send them."""
        people = [self.customer, self.another_customer]

        def one(numbered: tuple[int, Sequence[Goods]]) -> Order:
            number, cart = numbered
            return people[number % 2].orders(*cart, paying_with=paying_with)

        with ThreadPoolExecutor(_BUYERS_AT_ONCE) as pool:
            return list(pool.map(one, enumerate(carts)))

    def endings(self, orders: Iterable[Order]) -> Counter[tuple[str, str | None]]:
        """How many of the orders have which status, and for what reason."""
        keys = [{"pk": {"S": f"order#{order.id}"}} for order in orders]
        table, found = self.table("Order/Orders"), Counter[tuple[str, str | None]]()
        for start in range(0, len(keys), _BATCH):
            asked = {table: {"Keys": keys[start : start + _BATCH], "ConsistentRead": True}}
            for item in self.aws("dynamodb").batch_get_item(RequestItems=asked)["Responses"][table]:
                row = from_item(item)
                found[row["status"], row.get("reason")] += 1
        return found

    def decided(self, orders: Sequence[Order], *, within: float) -> Counter[tuple[str, str | None]]:
        """Waits until checkout has decided all of them; answers how they ended."""
        return until(
            lambda: self.endings(orders),
            lambda endings: not any(status == "PLACED" for status, _reason in endings),
            "all decided",
            within=within,
        )

    def notifications(self, order: Order) -> list[dict[str, Any]]:
        """What was told about an order, as it was written, in the order in which it happened."""
        told = pages(
            self.aws("dynamodb"),
            "scan",
            TableName=self.table("Notify/Notifications"),
            ConsistentRead=True,
            FilterExpression="order_id = :order",
            ExpressionAttributeValues={":order": {"S": order.id}},
        )
        rows = [{**with_text(row), **(body_of(row) or {})} for page in told for row in page]
        return sorted(rows, key=lambda row: (row["entity_version"], row["pk"]))

    def times_logged(self, group: str, *texts: str) -> int:
        """How many lines of a log group hold all of the texts."""
        pages = (
            self.aws("logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName=self.table(group), filterPattern=" ".join(f'"{text}"' for text in texts))
        )
        return sum(len(page["events"]) for page in pages)

    def aws(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self.stack.client(service)
        return self._clients[service]

    @cached_property
    def _clients(self) -> dict[str, Any]:
        return {}

    def table(self, path: str) -> str:
        return self.stack.resources[path]

    def rows_of(self, order: Order, path: str, **where: Any) -> list[dict[str, Any]]:
        """An order's rows, of a table or an index that has them by order."""
        return list(query(self.aws("dynamodb"), self.table(path), "order_id = :order", {":order": order.id}, **where))

    def row(self, path: str, **key: str) -> dict[str, Any] | None:
        """A table's row by its key."""
        marshalled = {name: {"S": value} for name, value in key.items()}
        item = (
            self.aws("dynamodb").get_item(TableName=self.table(path), Key=marshalled, ConsistentRead=True).get("Item")
        )
        return from_item(item) if item else None
