"""Orders for tests that need no table."""

from datetime import UTC, datetime
from typing import Any

from contracts.orders_stream import OrderStatus
from contracts.types import Money, OrderLine
from order.domain import Address, Order

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MUGS = OrderLine(sku="MUG", quantity=2, name="Mug", unit_price=Money(amount=1450))


def an_order(**changes: Any) -> Order:
    fields = {
        "order_id": "ord_1",
        "customer_id": "customer-a",
        "status": OrderStatus.PLACED,
        "lines": (MUGS,),
        "total": Money(amount=2900),
        "payment_method": "pm_visa",
        "shipping_address": Address(
            name="A Customer", line1="1 Example Street", city="Springfield", postal_code="12345", country="US"
        ),
        "placed_at": NOW,
        "updated_at": NOW,
        "version": 1,
        "fingerprint": "f",
    }
    return Order.model_validate({**fields, **changes})
