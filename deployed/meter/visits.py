"""The visits that are metered: each clicks, orders, and is followed until its order has ended."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from contracts.orders_stream import OrderStatus
from contracts.types import Goods
from deployed.errors import CommandError
from deployed.front_door import FrontDoor

CLICK_REQUESTS = 4
OPEN = {OrderStatus.PLACED, OrderStatus.AWAITING_REVIEW}
PATIENCE_SECONDS = 300
POLL_SECONDS = 0.5
ADDRESS = {
    "name": "A Customer",
    "line1": "1 Example Street",
    "city": "Springfield",
    "postal_code": "62701",
    "country": "US",
}
KINDS = ("view", "view", "view", "add_to_cart", "checkout")


def visit(door: FrontDoor, skus: list[str], *, clicks: int) -> str:
    """Sends the clicks of one session in a few requests, and orders one unit of each product. Returns the order's
    id."""
    session = uuid.uuid4().hex
    events = [
        {
            "event_id": uuid.uuid4().hex,
            "session_id": session,
            "type": KINDS[number % len(KINDS)],
            "sku": skus[number % len(skus)],
            "at": datetime.now(UTC).isoformat(),
        }
        for number in range(clicks)
    ]
    size = max(1, -(-clicks // CLICK_REQUESTS))
    for start in range(0, clicks, size):
        door.collect(events[start : start + size])
    order, _ = door.place(
        [Goods(sku=sku, quantity=1) for sku in skus],
        payment_method="pm_visa",
        shipping_address=ADDRESS,
        key=uuid.uuid4().hex,
    )
    return order.order_id


def visits(door: FrontDoor, number: int, *, lines: int, clicks: int, at_once: int, tell: Callable[[int], None]) -> None:
    """Makes so many visits, and waits until each order has ended. Raises CommandError if one was not confirmed."""
    stocked = [product.sku for product in door.products() if product.available >= number]
    if len(stocked) < lines:
        raise CommandError(
            f"Fewer than {lines} products have {number} units: ./shop restock SKU {number}, or ./shop seed"
        )
    baskets = [[stocked[(visit + line) % len(stocked)] for line in range(lines)] for visit in range(number)]
    placed: list[str] = []
    with ThreadPoolExecutor(at_once) as pool:
        for order_id in pool.map(lambda skus: visit(door, skus, clicks=clicks), baskets):
            placed.append(order_id)
            tell(len(placed))
    for order_id in placed:
        _confirmed(door, order_id)


def _confirmed(door: FrontDoor, order_id: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (order := door.order(order_id)).status in OPEN:
        if time.monotonic() > deadline:
            raise CommandError(f"{order_id} is still {order.status} after {PATIENCE_SECONDS} s.")
        time.sleep(POLL_SECONDS)
    if order.status is not OrderStatus.CONFIRMED:
        raise CommandError(f"{order_id} is {order.status}: only confirmed orders are compared.")
