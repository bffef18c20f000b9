"""What a change of an order means to others. Pure: (old image, new image) in, events out."""

from typing import Any

from contracts.envelope import Envelope, EventData, envelop
from contracts.order import (
    OrderCancelled,
    OrderConfirmed,
    OrderHeldForReview,
    OrderNeedsAttention,
    OrderPlaced,
    OrderRejected,
    OrderReviewed,
)
from contracts.orders_stream import OrderStatus
from order.domain import Order

type Image = dict[str, Any]


def events_of(old: Image | None, new: Image | None) -> list[Envelope[Any]]:
    """The events of one change; none for the catalogue replica's rows and for bookkeeping, which leaves the version."""
    if new is None or not new["pk"].startswith("order#"):
        return []
    after = Order.model_validate(new)
    before = Order.model_validate(old) if old else None
    if before and before.version == after.version:
        return []
    return [
        envelop(
            data,
            entity_id=after.order_id,
            entity_version=after.version,
            occurred_at=after.updated_at,
            correlation_id=after.order_id,
        )
        for data in _meaning(before, after)
    ]


def _meaning(before: Order | None, after: Order) -> list[EventData]:
    events: list[EventData] = []
    common = {"order_id": after.order_id, "customer_id": after.customer_id, "total": after.total}
    checkout = {"lines": after.lines, "payment_method": after.payment_method, "placed_at": after.placed_at}
    if before and before.review is None and after.review is not None:
        events.append(OrderReviewed(**common, **checkout, decision=after.review))
    if before is None or before.status != after.status:
        match after.status:
            case OrderStatus.PLACED if before is None:
                events.append(OrderPlaced(**common, **checkout))
            case OrderStatus.AWAITING_REVIEW:
                events.append(OrderHeldForReview(**common))
            case OrderStatus.CONFIRMED:
                events.append(OrderConfirmed(**common, lines=after.lines))
            case OrderStatus.REJECTED:
                events.append(OrderRejected(**common, reason=after.reason or "unknown"))
            case OrderStatus.CANCELLED:
                events.append(OrderCancelled(**common, reason=after.reason or "unknown"))
    if after.attention and not (before and before.attention):
        events.append(OrderNeedsAttention(**common, reason=after.attention.reason))
    return events
