"""An order and a quote as the API returns them."""

from collections.abc import Iterable
from typing import Any

from contracts.types import Money, OrderLine
from order.domain import Order

# Nested fields are listed too, so that a field that any model gains is not shown until it is added here.
_MONEY = {"amount", "currency"}
_LINE: dict[str, Any] = {"sku": True, "quantity": True, "name": True, "unit_price": _MONEY}
_ORDER: dict[str, Any] = {
    "order_id": True,
    "status": True,
    "lines": {"__all__": _LINE},
    "total": _MONEY,
    "payment_method": True,
    "reason": True,
    "review": True,
    "attention": {"reason", "since"},
    "placed_at": True,
    "updated_at": True,
    "version": True,
    "shipping_address": {"name", "line1", "line2", "city", "region", "postal_code", "country"},
}


def order_view(order: Order) -> dict[str, Any]:
    return order.model_dump(mode="json", include=_ORDER)


def quote_view(lines: Iterable[OrderLine], total: Money) -> dict[str, Any]:
    return {"lines": [line.model_dump(include=_LINE) for line in lines], "total": total.model_dump(include=_MONEY)}
