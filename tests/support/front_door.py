"""A double of the shop's API, and examples of its responses."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx2

API = "http://localhost:4566/api"
DETAILS = {
    "api_url": API,
    "endpoint_url": "http://localhost:4566",
    "region": "us-east-1",
    "stack_name": "cartwheel",
    "user_pool_id": "us-east-1_pool",
    "user_pool_client_id": "client",
    "access_key_id": "AKIALOCAL",
    "secret_access_key": "local",
    "customers": [{"email": "customer-1@example.com", "password": "Customer-1"}],
    "operators": [{"email": "operator-1@example.com", "password": "Operator-1"}],
}

type Answer = httpx2.Response | Exception


@dataclass
class Door:
    """Responses by `METHOD path`. The entries of a list are returned one after the other, and the last one from then
    on."""

    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    requests: list[httpx2.Request] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.get(f"{request.method} {request.url.path.removeprefix('/api')}")
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, Exception):
            raise answer
        return answer or httpx2.Response(
            404, json={"title": "Not found", "status": 404, "detail": "There is no such page."}
        )

    def body(self, number: int = -1) -> Any:
        return json.loads(self.requests[number].content)


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def order(**changes: Any) -> dict[str, Any]:
    """Returns an order as the API shows it."""
    return {
        "order_id": "ord_1",
        "status": "PLACED",
        "lines": [{"sku": "MUG", "quantity": 2, "name": "Mug", "unit_price": {"amount": 1450, "currency": "USD"}}],
        "total": {"amount": 2900, "currency": "USD"},
        "payment_method": "pm_visa",
        "shipping_address": {"name": "A Customer", "line1": "1 Example Street", "line2": None},
        "reason": None,
        "review": None,
        "attention": None,
        "placed_at": "2026-01-01T12:00:00.000000Z",
        "updated_at": "2026-01-01T12:00:00.000000Z",
        "version": 1,
        **changes,
    }


def product(sku: str, available: int = 5) -> dict[str, Any]:
    return {
        "sku": sku,
        "name": sku.title(),
        "description": "",
        "price": {"amount": 1450, "currency": "USD"},
        "image": f"images/{sku}.svg",
        "available": available,
    }


def event(type_: str, at: str, **changes: Any) -> dict[str, Any]:
    return {
        "at": f"2026-01-01T12:00:{at}Z",
        "source": "shop.order",
        "type": type_,
        "event_id": f"id-{type_}",
        "summary": f"{type_} happened",
        "data": {},
        **changes,
    }
