"""Events of the order service. No address, name or e-mail travels in them."""

from typing import ClassVar, Literal

from contracts.envelope import EventData
from contracts.types import Money, OrderLine, Timestamp


class _OrderEvent(EventData):
    source: ClassVar[str] = "shop.order"

    order_id: str
    customer_id: str
    total: Money


class OrderPlaced(_OrderEvent):
    lines: tuple[OrderLine, ...]
    payment_method: str
    placed_at: Timestamp


class OrderHeldForReview(_OrderEvent):
    pass


class OrderReviewed(_OrderEvent):
    """An operator (or the review's time limit) decided. An approved order goes back to checkout."""

    decision: Literal["approved", "rejected"]
    lines: tuple[OrderLine, ...]
    payment_method: str
    placed_at: Timestamp


class OrderConfirmed(_OrderEvent):
    lines: tuple[OrderLine, ...]


class OrderRejected(_OrderEvent):
    reason: str


class OrderCancelled(_OrderEvent):
    reason: str


class OrderNeedsAttention(_OrderEvent):
    reason: str
