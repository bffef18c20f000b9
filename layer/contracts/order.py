"""Events of the order service. They contain no postal address, name or e-mail address."""

from typing import ClassVar, Literal

from contracts.envelope import EventData
from contracts.types import Money, OrderLine, Timestamp


class _OrderEvent(EventData):
    source: ClassVar[str] = "shop.order"

    order_id: str
    customer_id: str
    total: Money


class OrderPlaced(_OrderEvent):
    """A customer placed an order, at the prices of that moment. The event starts checkout."""

    lines: tuple[OrderLine, ...]
    payment_method: str
    placed_at: Timestamp
    needs_review: bool = False
    """Whether an operator must decide before the payment is captured."""


class OrderHeldForReview(_OrderEvent):
    """The order waits for an operator's decision."""


class OrderReviewed(_OrderEvent):
    """An operator approved or rejected the order, or the review expired. An approved order returns to checkout."""

    decision: Literal["approved", "rejected"]
    lines: tuple[OrderLine, ...]
    payment_method: str
    placed_at: Timestamp


class OrderConfirmed(_OrderEvent):
    """The payment is captured, and the goods belong to the customer."""

    lines: tuple[OrderLine, ...]


class OrderRejected(_OrderEvent):
    """The shop will not fulfil the order. The payment and the goods are given back."""

    reason: str


class OrderCancelled(_OrderEvent):
    """The customer or an operator cancelled the order. The payment and the goods are given back."""

    reason: str


class OrderNeedsAttention(_OrderEvent):
    """The order is closed, but something could not be completed without a person, for example its refund."""

    reason: str
