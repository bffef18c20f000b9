"""The events of a change of an order. Pure functions of its old and new image."""

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
from order.domain import Order, OrderFacts
from shopkit.types import Image


def events_of(old: Image | None, new: Image | None) -> list[Envelope[Any]]:
    """Returns the events of one change: none for rows of the catalogue replica, none if the version is unchanged."""
    if new is None or not new["pk"].startswith("order#"):
        return []
    after = OrderFacts.model_validate(new)
    before = OrderFacts.model_validate(old) if old else None
    if before and before.version == after.version:
        return []
    return [_envelop(after, data) for data in _meaning(before, after)]


def checkout_event(order: Order) -> Envelope[Any]:
    """Returns the event that started the checkout of a PLACED order, with its original id, time and content."""
    if order.review is None:
        return _envelop(order, OrderPlaced.model_validate(order.model_dump()))
    return _envelop(order, OrderReviewed.model_validate({**order.model_dump(), "decision": order.review}))


def closing_event(order: Order) -> Envelope[Any]:
    """Returns the event that closed an order which has not changed since."""
    closed = OrderRejected if order.status is OrderStatus.REJECTED else OrderCancelled
    return _envelop(order, closed.model_validate(order.model_dump()))


def _envelop(order: OrderFacts, data: EventData) -> Envelope[Any]:
    return envelop(
        data,
        entity_id=order.order_id,
        entity_version=order.version,
        occurred_at=order.updated_at,
        correlation_id=order.order_id,
    )


def _meaning(before: OrderFacts | None, after: OrderFacts) -> list[EventData]:
    """Returns the data of each event. An event model selects its own fields; none has the address."""
    events: list[EventData] = []
    fields = after.model_dump()
    if before and before.review != after.review:
        events.append(OrderReviewed.model_validate({**fields, "decision": after.review}))
    if before is None or before.status != after.status:
        match after.status:
            case OrderStatus.PLACED if before is None:
                events.append(OrderPlaced.model_validate(fields))
            case OrderStatus.AWAITING_REVIEW:
                events.append(OrderHeldForReview.model_validate(fields))
            case OrderStatus.CONFIRMED:
                events.append(OrderConfirmed.model_validate(fields))
            case OrderStatus.REJECTED:
                events.append(OrderRejected.model_validate(fields))
            case OrderStatus.CANCELLED:
                events.append(OrderCancelled.model_validate(fields))
    if after.attention and not (before and before.attention):
        events.append(OrderNeedsAttention.model_validate({**fields, "reason": after.attention.reason}))
    return events
