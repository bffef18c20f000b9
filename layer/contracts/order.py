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
    """A customer ordered. The lines are at the prices of that moment. Checkout starts."""

    lines: tuple[OrderLine, ...]
    payment_method: str
    placed_at: Timestamp


class OrderHeldForReview(_OrderEvent):
    """The order waits until an operator decides."""


class OrderReviewed(_OrderEvent):
    """An operator (or the review's time limit) decided. An approved order goes back to checkout."""

    decision: Literal["approved", "rejected"]
    lines: tuple[OrderLine, ...]
    payment_method: str
    placed_at: Timestamp


class OrderConfirmed(_OrderEvent):
    """The money is captured and the goods are the customer's."""

    lines: tuple[OrderLine, ...]


class OrderRejected(_OrderEvent):
    """The shop will not fulfil the order. Money and goods are given back."""

    reason: str


class OrderCancelled(_OrderEvent):
    """The customer or an operator withdrew the order. Money and goods are given back."""

    reason: str


class OrderNeedsAttention(_OrderEvent):
    """The order is decided, but something of it could not be finished without a person."""

    reason: str
