"""An order as the front door shows it."""

from typing import Any

from order.domain import Order

_INTERNAL = {"customer_id", "fingerprint"}


def order_view(order: Order) -> dict[str, Any]:
    return order.model_dump(mode="json", exclude=_INTERNAL)
