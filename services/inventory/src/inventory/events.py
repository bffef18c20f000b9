"""The events of a change of the inventory. Pure functions of a row's old and new image."""

from typing import Any

from contracts.envelope import Envelope, EventData, envelop
from contracts.inventory import (
    ProductUpdated,
    StockCommitted,
    StockLow,
    StockRejected,
    StockReleased,
    StockReserved,
    StockReturned,
)
from inventory.domain import LOW_STOCK_THRESHOLD, Product, Reservation, ReservationStatus
from shopkit.types import Image


def events_of(old: Image | None, new: Image | None) -> list[Envelope[Any]]:
    """Returns the events of one change: none for restocks, none for stock movements that leave enough."""
    if new is None:
        return []
    if new["pk"].startswith("reservation#"):
        return _of_reservation(Reservation.model_validate(old) if old else None, Reservation.model_validate(new))
    if new["pk"].startswith("product#"):
        return _of_product(Product.model_validate(old) if old else None, Product.model_validate(new))
    return []


def _of_reservation(before: Reservation | None, after: Reservation) -> list[Envelope[Any]]:
    if before and before.version == after.version:
        return []
    return [
        envelop(
            _decided(after),
            entity_id=after.order_id,
            entity_version=after.version,
            occurred_at=after.updated_at,
            correlation_id=after.order_id,
        )
    ]


def _decided(reservation: Reservation) -> EventData:
    order_id, lines = reservation.order_id, reservation.lines
    match reservation.status:
        case ReservationStatus.RESERVED:
            return StockReserved(order_id=order_id, lines=lines)
        case ReservationStatus.REJECTED:
            return StockRejected(order_id=order_id, lines=lines, short=reservation.short)
        case ReservationStatus.COMMITTED:
            return StockCommitted(order_id=order_id, lines=lines)
        case ReservationStatus.RELEASED:
            return StockReleased(order_id=order_id, lines=lines)
        case ReservationStatus.RETURNED:
            return StockReturned(order_id=order_id, lines=lines)


def _of_product(before: Product | None, after: Product) -> list[Envelope[Any]]:
    """Returns the events of a product. Its catalogue entry and its stock have versions of their own."""
    events: list[Envelope[Any]] = []
    if before is None or before.version != after.version:
        events.append(
            envelop(
                ProductUpdated(sku=after.sku, name=after.name, price=after.price),
                entity_id=after.sku,
                entity_version=after.version,
                occurred_at=after.updated_at,
                correlation_id=after.sku,
            )
        )
    left = _left_when_low(before, after) if before else None
    if left is not None:
        events.append(
            envelop(
                StockLow(sku=after.sku, name=after.name, available=left, threshold=LOW_STOCK_THRESHOLD),
                entity_id=after.sku,
                entity_version=after.stock_version,
                occurred_at=after.stock_updated_at,
                correlation_id=after.sku,
            )
        )
    return events


def _left_when_low(before: Product, after: Product) -> int | None:
    """Returns how many units were available when the unsold ones became few, if this change is that moment. Of a hot
    product it is noted in this row, whose counters are not all."""
    if after.stock_rows is None:
        return after.available if before.on_hand > LOW_STOCK_THRESHOLD >= after.on_hand else None
    return after.stock_low if before.stock_rows and before.stock_low is None else None
