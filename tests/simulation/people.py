"""Customers and operators who use the shop's API. If there is no response, they repeat the request with the same
Idempotency-Key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.channels import event_of
from tests.simulation.invocation import invoke
from tests.simulation.simulation import Simulation
from tests.simulation.verdict import faults
from tests.support.api_gateway import ALICE, OPERATOR, Answer, Caller, call
from tests.support.interleaving import Died
from tests.support.orders import wanted

_PATIENCE = 10


class GaveUp(Exception):
    """The API never responded."""


@dataclass
class People:
    """`answers` are all responses in order: function, status and body. `noticed` lists what was wrong on the way."""

    shop: Simulation
    answers: list[tuple[str, int, Any]] = field(default_factory=list)
    noticed: list[str] = field(default_factory=list)

    def stock(self, **units: int) -> None:
        """Adds products with that many units, and waits until the order service knows them."""
        for sku, quantity in units.items():
            self.upsert(sku)
            self.restock(sku, quantity)
        self.shop.settle_down()

    def upsert(self, sku: str, amount: int = 1450, **more: Any) -> Answer:
        product = {
            **more,
            "name": sku.title(),
            "description": "",
            "price": {"amount": amount, "currency": "USD"},
            "image": "a.svg",
        }
        return self._ask("inventory.upsert", OPERATOR, {"sku": sku}, body=product)

    def restock(self, sku: str, quantity: int, key: str = "first") -> Answer:
        headers = {"Idempotency-Key": key}
        return self._ask("inventory.restock", OPERATOR, {"sku": sku}, headers=headers, body={"quantity": quantity})

    def look_around(self, order_id: str) -> None:
        """Reads everything that can be read."""
        self._ask("inventory.list_products", ALICE)
        self._ask("inventory.get_product", ALICE, {"sku": "MUG"})
        self._ask("order.get", ALICE, {"order_id": order_id})
        self._ask("order.list", ALICE)
        self._ask("order.get_timeline", ALICE, {"order_id": order_id})

    def look_closely(self) -> None:
        """Checks what must hold even while there are dead letters: what is unfinished must say so."""
        dead = {
            event_of(letter)["detail"]["event_id"]
            for reader in self.shop.consumers
            for letter in reader.dead_letters.messages
        }
        self.noticed += faults(self.shop, frozenset(dead))

    def place(self, method: str = "pm_visa", *lines: tuple[str, int], key: str = "order-1") -> str:
        """Places an order and returns its id."""
        answer = self._ask(
            "order.place",
            ALICE,
            headers={"Idempotency-Key": key},
            body=wanted(*lines or (("MUG", 2),), payment_method=method),
        )
        assert answer.status == 201, answer.body
        order_id: str = answer.body["order_id"]
        return order_id

    def cancel(self, order_id: str) -> Answer:
        return self._ask("order.cancel", ALICE, {"order_id": order_id})

    def review(self, order_id: str, decision: str) -> Answer:
        return self._ask("order.review", OPERATOR, {"order_id": order_id}, body={"decision": decision})

    def _ask(self, module: str, caller: Caller, parameters: Mapping[str, str] | None = None, **request: Any) -> Answer:
        answer = call(
            lambda event, _context: self._answered(module, event),
            f"/{module}",
            caller=caller,
            parameters=parameters,
            **request,
        )
        self.answers.append((module, answer.status, answer.body))
        return answer

    def _answered(self, module: str, event: dict[str, Any]) -> dict[str, Any]:
        for _ in range(_PATIENCE):
            self.shop.invoked[module] = self.shop.invoked.get(module, 0) + 1
            try:
                answer: dict[str, Any] = invoke(self.shop.function(module), event)
            except Died:
                continue
            if answer["statusCode"] < 500:
                return answer
        raise GaveUp(module)
