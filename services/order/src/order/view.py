"""An order as the front door shows it."""

from typing import Any

from order.domain import Order

_SHOWN = {
    "order_id",
    "status",
    "lines",
    "total",
    "payment_method",
    "reason",
    "review",
    "attention",
    "placed_at",
    "updated_at",
    "version",
    "shipping_address",
}


def order_view(order: Order) -> dict[str, Any]:
    return order.model_dump(mode="json", include=_SHOWN)
