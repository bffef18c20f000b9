"""Shoppers and operators who keep the shop busy: plausible, persistent, and the same for the same seed.

They behave as good clients must: a request without an answer, or with a server's error, is sent again with the same
Idempotency-Key. What an answer contradicts is noted: two orders for one key, or an order that is denied later.
"""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import count

from contracts.types import Goods
from deployed import browsing, users
from deployed.errors import CommandError, Refused
from deployed.front_door import FrontDoor, Order, Product
from deployed.stack import Stack

METHODS = {
    "pm_visa": 50,
    "pm_review": 10,
    "pm_timeout": 8,
    "pm_flaky": 8,
    "pm_declined": 7,
    "pm_capture_fails": 6,
    "pm_insufficient_funds": 5,
    "pm_settle_fails": 6,
}
_CANCELS, _REPEATS, _APPROVES = 0.15, 0.2, 0.6
_MOST_LINES, _MOST_UNITS = 3, 2
_AT_ONCE = 6
# One of so many orders comes with a restock, a new price and a visit.
_RESTOCKED, _REPRICED, _VISITED = 10, 15, 5
_UNITS_BACK = 15
_ATTEMPTS = 40
_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 2.0
_REVIEW_SECONDS = 20.0
_ADDRESS = {
    "name": "A Shopper",
    "line1": "1 Example Street",
    "city": "Springfield",
    "region": "IL",
    "postal_code": "62701",
    "country": "US",
}


@dataclass(frozen=True)
class Errand:
    """What one shopper is going to do. `cancels_after` is in seconds; None means never."""

    key: str
    customer: int
    lines: tuple[Goods, ...]
    method: str
    cancels_after: float | None
    repeats: bool
    approved: bool


def errands(orders: int, seed: int, skus: Sequence[str], customers: int) -> list[Errand]:
    """Returns the errands; the same for the same arguments, but for the keys' prefix, which the caller adds."""
    return [_errand(number, random.Random(f"{seed} {number}"), skus, customers) for number in range(orders)]  # noqa: S311 - a simulation


def _errand(number: int, chance: random.Random, skus: Sequence[str], customers: int) -> Errand:
    chosen = chance.sample(sorted(skus), min(chance.randint(1, _MOST_LINES), len(skus)))
    (method,) = chance.choices(list(METHODS), list(METHODS.values()))
    cancels = method == "pm_settle_fails" or chance.random() < _CANCELS
    return Errand(
        key=str(number),
        customer=chance.randrange(customers),
        lines=tuple(Goods(sku=sku, quantity=chance.randint(1, _MOST_UNITS)) for sku in chosen),
        method=method,
        cancels_after=chance.uniform(0, 4) if cancels else None,
        repeats=chance.random() < _REPEATS,
        approved=chance.random() < _APPROVES,
    )


def persistently[Answer](request: Callable[[], Answer]) -> Answer:
    """Repeats a request that may be repeated, until there is an answer. Raises Refused for a final one, CommandError
    if there never is one."""
    for attempt in count(1):
        try:
            return request()
        except CommandError as error:
            final = isinstance(error, Refused) and error.status < 500 and error.status != HTTPStatus.TOO_MANY_REQUESTS
            if final or attempt == _ATTEMPTS:
                raise
            time.sleep(min(_PAUSE_SECONDS * 2 ** (attempt - 1), _LONGEST_PAUSE_SECONDS))
    raise AssertionError


@dataclass
class Crowd:
    """Everybody who uses the shop during one run. `placed` are the accepted orders; `noticed` is what contradicted an
    earlier answer; `refused` counts final refusals."""

    customers: Sequence[FrontDoor]
    operator: FrontDoor
    seed: int
    run: str
    placed: list[str] = field(default_factory=list)
    noticed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    done: int = 0

    @classmethod
    def of(cls, stack: Stack, seed: int, run: str) -> "Crowd":
        """Signs in everybody. `run` makes the keys of this run new."""
        people, url = stack.details, stack.details.api_url
        if not people.customers or not people.operators:
            raise CommandError("No customer or no operator is known here: run `./shop seed` to add some.")
        customers = [FrontDoor(url, users.sign_in(stack, user.email)) for user in people.customers]
        return cls(customers, FrontDoor(url, users.sign_in(stack, people.operators[0].email)), seed, run)

    def shop(self, orders: int, progress: Callable[["Crowd"], None]) -> None:
        """Runs every errand, several at a time."""
        products = persistently(self.operator.products)
        if not products:
            raise CommandError("Nothing is for sale; add products: ./shop seed")
        todo = errands(orders, self.seed, [product.sku for product in products], len(self.customers))
        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                for _ in pool.map(lambda number, errand: self._one(number, errand, products), range(orders), todo):
                    self.done += 1
                    progress(self)
        finally:
            self._restore(products)

    def _one(self, number: int, errand: Errand, products: Sequence[Product]) -> None:
        if number % _VISITED == 0:
            self._visit(number, products)
        if number % _RESTOCKED == 0:
            sku = errand.lines[0].sku
            persistently(lambda: self.operator.restock(sku, _UNITS_BACK, key=f"{self.run}-restock-{number}"))
        if number % _REPRICED == 0:
            self._reprice(products[number % len(products)], by=1 + number % 7)
        try:
            self._buy(errand)
        except Refused as refusal:
            self.refused.append(f"{errand.method}: {refusal}")

    def _buy(self, errand: Errand) -> None:
        door, key = self.customers[errand.customer], f"{self.run}-{errand.key}"

        def place() -> Order:
            order, _replayed = door.place(
                errand.lines, payment_method=errand.method, shipping_address=_ADDRESS, key=key
            )
            return order

        order_id = persistently(place).order_id
        self.placed.append(order_id)
        if errand.repeats and (again := persistently(place).order_id) != order_id:
            self.noticed.append(f"{order_id} and {again} were placed with one Idempotency-Key")
        if errand.cancels_after is not None:
            time.sleep(errand.cancels_after)
            self._closing(lambda: door.cancel(order_id))
        elif errand.method == "pm_review":
            self._review(order_id, approved=errand.approved)

    def _closing(self, request: Callable[[], object]) -> None:
        """A change that another may have come before, or its own repetition."""
        try:
            persistently(request)
        except Refused as refusal:
            if refusal.status != HTTPStatus.CONFLICT:
                raise

    def _review(self, order_id: str, *, approved: bool) -> None:
        """Decides once the order is held. One that is not held in time is decided at the end."""
        deadline = time.monotonic() + _REVIEW_SECONDS
        while (status := persistently(lambda: self.operator.order(order_id)).status) == "PLACED":
            if time.monotonic() > deadline:
                return
            time.sleep(_PAUSE_SECONDS * 3)
        if status == "AWAITING_REVIEW":
            decision = "approve" if approved else "reject"
            self._closing(lambda: self.operator.review(order_id, decision))

    def decide(self) -> int:
        """Decides what is still held for review. Returns how many orders that were."""
        held = [order for order in self.orders() if order.status == "AWAITING_REVIEW"]
        for order in held:
            self._closing(lambda order=order: self.operator.review(order.order_id, "reject"))  # type: ignore[misc]
        return len(held)

    def orders(self) -> list[Order]:
        """Returns this run's orders as they are now."""
        mine = set(self.placed)
        found = persistently(lambda: self.operator.orders(len(mine) * 2 + 50))
        missing = mine - {order.order_id for order in found}
        return [order for order in found if order.order_id in mine] + [
            persistently(lambda id_=id_: self.operator.order(id_))  # type: ignore[misc]
            for id_ in sorted(missing)
        ]

    def _visit(self, number: int, products: Sequence[Product]) -> None:
        skus = [product.sku for product in products]
        visits = browsing.sessions(1, self.seed * 1_000_003 + number, skus, datetime.now(UTC))
        for batch in browsing.requests(visits):
            clicks = [{**click.document(), "event_id": f"{self.run}-{click.event_id}"} for click in batch]
            persistently(lambda clicks=clicks: self.operator.collect(clicks))  # type: ignore[misc]

    def _reprice(self, product: Product, by: int) -> None:
        price = product.price.model_copy(update={"amount": product.price.amount + by})
        self._offer(product.model_copy(update={"price": price}))

    def _restore(self, products: Sequence[Product]) -> None:
        """The prices as they were."""
        before = {product.sku: product for product in products}
        for product in persistently(self.operator.products):
            if product.sku in before and product.price != before[product.sku].price:
                self._offer(before[product.sku])

    def _offer(self, product: Product) -> None:
        offered = product.model_dump(mode="json", exclude={"sku", "available"})
        persistently(lambda: self.operator.put_product(product.sku, offered))
