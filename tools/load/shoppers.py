"""Shoppers for Locust: each visits the shop, looks at products, orders, and follows the order until it has ended."""

import random
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from locust import between, task
from locust.contrib.fasthttp import FastHttpUser

LINES, CLICKS, CLICK_REQUESTS = 2, 20, 4
ENDED = {"CONFIRMED", "REJECTED", "CANCELLED"}
# Between two looks at an order, in seconds. A page looks about as often.
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 2.0
PATIENCE_LOOKS = 200
ADDRESS = {
    "name": "A Shopper",
    "line1": "1 Example Street",
    "city": "Springfield",
    "postal_code": "62701",
    "country": "US",
}


@dataclass
class Plan:
    """What all shoppers of a run share: who they are, how many orders are still to be placed, and how each ended."""

    tokens: tuple[str, ...]
    skus: tuple[str, ...]
    left: int
    ended: list[str] = field(default_factory=list)
    confirmed_after: list[float] = field(default_factory=list)
    """Seconds from placing to CONFIRMED, by the shop's own times."""


class Shopper(FastHttpUser):
    """One visit after the other until the plan has no order left. Every visit is the same mix of requests, so that the
    cost of an order can be compared between runs."""

    plan: ClassVar[Plan]
    wait_time = between(0.1, 0.5)

    def on_start(self) -> None:
        self.signed_in = {"Authorization": random.choice(self.plan.tokens)}  # noqa: S311 - not a secret

    @task
    def visit(self) -> None:
        if self.plan.left <= 0:
            return
        self.plan.left -= 1
        basket = random.sample(self.plan.skus, LINES)
        self.client.get("products", name="GET /products")
        for sku in basket:
            self.client.get(f"products/{sku}", name="GET /products/{sku}")
        self._click(basket)
        placed = self._order(basket)
        status = self._follow(placed) if placed else "REFUSED"
        self.client.get("trending", name="GET /trending")
        self.plan.ended.append(status)

    def _click(self, basket: list[str]) -> None:
        """Sends the visit's clicks, a few at a time, as a page does."""
        session = uuid.uuid4().hex
        kinds = ("view", "view", "view", "add_to_cart", "checkout")
        for _ in range(CLICK_REQUESTS):
            events = [
                {
                    "event_id": uuid.uuid4().hex,
                    "session_id": session,
                    "type": kinds[number % len(kinds)],
                    "sku": basket[number % LINES],
                    "at": datetime.now(UTC).isoformat(),
                }
                for number in range(CLICKS // CLICK_REQUESTS)
            ]
            self.client.post("clicks", json={"events": events}, name="POST /clicks")

    def _order(self, basket: list[str]) -> dict[str, Any] | None:
        answer = self.client.post(
            "orders",
            json={
                "lines": [{"sku": sku, "quantity": 1} for sku in basket],
                "payment_method": "pm_visa",
                "shipping_address": ADDRESS,
            },
            headers={**self.signed_in, "Idempotency-Key": uuid.uuid4().hex},
            name="POST /orders",
        )
        return answer.json() if answer.status_code == 201 else None

    def _follow(self, order: dict[str, Any]) -> str:
        """Returns the order's last status that was seen."""
        pause = FIRST_PAUSE
        for _ in range(PATIENCE_LOOKS):
            time.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 1.3)
            answer = self.client.get(
                f"orders/{order['order_id']}", headers=self.signed_in, name="GET /orders/{order_id}"
            )
            if answer.status_code == 200 and (order := answer.json())["status"] in ENDED:
                break
        if order["status"] == "CONFIRMED":
            placed, confirmed = (datetime.fromisoformat(order[name]) for name in ("placed_at", "updated_at"))
            self.plan.confirmed_after.append((confirmed - placed).total_seconds())
        return str(order["status"])
