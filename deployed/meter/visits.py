"""The visits that are metered: each clicks, orders, and is followed until its order has ended."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from contracts.orders_stream import OrderStatus
from contracts.types import Goods
from deployed.errors import CommandError
from deployed.front_door import EXAMPLE_ADDRESS, FrontDoor
from deployed.stack import Stack

CLICK_REQUESTS = 4
OPEN = {OrderStatus.PLACED, OrderStatus.AWAITING_REVIEW}
PATIENCE_SECONDS = 300
POLL_SECONDS = 0.5
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
        shipping_address=EXAMPLE_ADDRESS,
        key=uuid.uuid4().hex,
    )
    return order.order_id


def baskets(door: FrontDoor, number: int, *, lines: int) -> list[list[str]]:
    """Returns what each of so many visitors buys. Raises CommandError if the shop has too little."""
    stocked = [product.sku for product in door.products() if product.available >= number]
    if len(stocked) < lines:
        raise CommandError(f"Fewer than {lines} products have {number} units: ./shop restock SKU {number}")
    return [[stocked[(visit + line) % len(stocked)] for line in range(lines)] for visit in range(number)]


def visits(
    stack: Stack, door: FrontDoor, wanted: list[list[str]], *, clicks: int, at_once: int, tell: Callable[[int], None]
) -> None:
    """Makes the visits, and waits until each order has ended. Raises CommandError if one was not confirmed."""
    placed: list[str] = []
    with ThreadPoolExecutor(at_once) as pool:
        for order_id in pool.map(lambda skus: visit(door, skus, clicks=clicks), wanted):
            placed.append(order_id)
            tell(len(placed))
    for order_id in placed:
        _confirmed(stack, order_id)


def _confirmed(stack: Stack, order_id: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (status := _status(stack, order_id)) in OPEN:
        if time.monotonic() > deadline:
            raise CommandError(f"{order_id} is still {status} after {PATIENCE_SECONDS} s.")
        time.sleep(POLL_SECONDS)
    if status is not OrderStatus.CONFIRMED:
        raise CommandError(f"{order_id} is {status}: only confirmed orders are compared.")


def _status(stack: Stack, order_id: str) -> OrderStatus:
    """Reads the table as the account's owner, whose calls are not metered."""
    found = stack.client("dynamodb").get_item(
        TableName=stack.resources["Order/Orders"], Key={"pk": {"S": f"order#{order_id}"}}, ConsistentRead=True
    )
    return OrderStatus(found["Item"]["status"]["S"])
