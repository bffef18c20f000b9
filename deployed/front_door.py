"""A typed client of the shop's API: one method per route that the command line uses."""

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx2

from contracts.orders_stream import OrderStatus
from contracts.types import Goods, Money, OrderLine, Timestamp, Value
from deployed.errors import CommandError, Refused, Usage, unreachable

PAGE = 100
# Where the orders of tools go that buy only to show something.
EXAMPLE_ADDRESS = {
    "name": "A Customer",
    "line1": "1 Example Street",
    "city": "Springfield",
    "postal_code": "62701",
    "country": "US",
}
# The first request may have to wait for cold starts.
_TIMEOUT = httpx2.Timeout(30, connect=5)


class Product(Value):
    sku: str
    name: str
    description: str
    price: Money
    image: str
    available: int


class Attention(Value):
    reason: str
    since: Timestamp


class Order(Value):
    order_id: str
    status: OrderStatus
    lines: tuple[OrderLine, ...]
    total: Money
    payment_method: str
    shipping_address: Mapping[str, str | None]
    reason: str | None = None
    review: str | None = None
    attention: Attention | None = None
    placed_at: Timestamp
    updated_at: Timestamp
    version: int


class Event(Value):
    at: Timestamp
    source: str
    type: str
    event_id: str
    summary: str
    data: Mapping[str, Any]


class Trend(Value):
    """`conversion` is purchases per view, or None without views."""

    sku: str
    views: int
    carts: int
    checkouts: int
    purchases: int
    conversion: float | None


class FrontDoor:
    """Sends requests with one user's token, or without one. Raises Refused for an HTTP error response, CommandError if
    there is no response."""

    def __init__(
        self, api_url: str, token: str | None = None, *, transport: httpx2.BaseTransport | None = None
    ) -> None:
        self._http = httpx2.Client(
            base_url=api_url.rstrip("/") + "/",
            headers={"Authorization": token} if token else {},
            timeout=_TIMEOUT,
            transport=transport,
            # A proxy of this machine cannot reach a shop on this machine.
            trust_env=not api_url.startswith(("http://localhost", "http://127.0.0.1")),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def products(self) -> list[Product]:
        return [Product.model_validate(found) for found in self._pages("products", "products")]

    def put_product(self, sku: str, product: Mapping[str, Any]) -> None:
        self._ask("PUT", f"products/{sku}", json=product)

    def restock(self, sku: str, quantity: int, *, key: str) -> None:
        self._ask("POST", f"products/{sku}/restock", json={"quantity": quantity}, headers={"Idempotency-Key": key})

    def place(
        self, lines: Sequence[Goods], *, payment_method: str, shipping_address: Mapping[str, str], key: str
    ) -> tuple[Order, bool]:
        """Returns the order as placed, and whether an earlier request with this key had already placed it."""
        answer = self._ask(
            "POST",
            "orders",
            json={
                "lines": [line.model_dump() for line in lines],
                "payment_method": payment_method,
                "shipping_address": shipping_address,
            },
            headers={"Idempotency-Key": key.encode()},  # sent unchanged: the API decides what a valid key is
        )
        return Order.model_validate(answer.json()), "Idempotency-Replayed" in answer.headers

    def orders(self, limit: int) -> list[Order]:
        """Returns the user's newest orders; for an operator, those of all customers."""
        return [Order.model_validate(found) for found in self._pages("orders", "orders", limit)]

    def order(self, order_id: str) -> Order:
        return Order.model_validate(self._ask("GET", f"orders/{order_id}").json())

    def cancel(self, order_id: str) -> Order:
        return Order.model_validate(self._ask("POST", f"orders/{order_id}/cancellation").json())

    def review(self, order_id: str, decision: str, note: str | None = None) -> Order:
        body = {"decision": decision, **({"note": note} if note else {})}
        return Order.model_validate(self._ask("POST", f"orders/{order_id}/review", json=body).json())

    def timeline(self, order_id: str) -> list[Event]:
        """Returns the events, oldest first."""
        return [
            Event.model_validate(event) for event in self._ask("GET", f"orders/{order_id}/timeline").json()["events"]
        ]

    def collect(self, clicks: Sequence[Mapping[str, Any]]) -> None:
        """Sends at most 100 clicks. Raises Refused with status 503 if all of them must be sent again later."""
        self._ask("POST", "clicks", json={"events": clicks})

    def trending(self, minutes: int | None) -> list[Trend]:
        query = {} if minutes is None else {"minutes": str(minutes)}
        return [Trend.model_validate(found) for found in self._ask("GET", "trending", params=query).json()["products"]]

    def _pages(self, path: str, name: str, limit: int | None = None) -> Iterator[dict[str, Any]]:
        """Returns the items of all pages, or the first `limit` of them."""
        cursor: str | None = None
        left = limit
        while left is None or left > 0:
            query = {"limit": str(PAGE if left is None else min(left, PAGE)), **({"cursor": cursor} if cursor else {})}
            page = self._ask("GET", path, params=query).json()
            yield from page[name]
            left = None if left is None else left - len(page[name])
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def _ask(self, method: str, path: str, **request: Any) -> httpx2.Response:
        try:
            answer = self._http.request(method, path, **request)
        except UnicodeEncodeError as error:
            raise Usage("Something on this line is not valid text.") from error
        except httpx2.ConnectError as error:
            raise unreachable(str(self._http.base_url)) from error
        except httpx2.HTTPError as error:
            why = str(error) or type(error).__name__
            raise CommandError(f"No answer from {self._http.base_url}{path}: {why}") from error
        if answer.is_success:
            return answer
        raise Refused(answer.status_code, _problem(answer))


def _problem(answer: httpx2.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {"detail": answer.reason_phrase}
    return document if isinstance(document, dict) else {"detail": answer.text}
