"""An order as the front door shows it."""

from typing import Any

from order.domain import Order

_INTERNAL = {"customer_id", "fingerprint", "review_note", "restarts", "restarted_at", "settlement_version"}


def order_view(order: Order) -> dict[str, Any]:
    return order.model_dump(mode="json", exclude=_INTERNAL)
