"""Counts revenue and units per sku and hour from the topic's confirmed and cancelled orders."""

from typing import Any

from contracts.order import OrderCancelled, OrderConfirmed
from kafkabridge import domain, store
from kafkabridge.topic import Record, event_in, place_of, records_in
from shopkit.streams import set_aside
from shopkit.telemetry import logger, tracer


@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: Any) -> None:
    """Counts each order once, however often its record is delivered. A record that is not an event goes to the failure
    queue, and the partition continues. On any other failure Lambda delivers the whole batch again, so that the order
    is kept."""
    poison: list[tuple[Record, ValueError]] = []
    counted = 0
    for record in records_in(event):
        try:
            counted += _apply(record)
        except ValueError as error:
            poison.append((record, error))
    # Last, so that a retry of the batch for another reason does not set it aside again.
    for record, why in poison:
        set_aside(record, why)
    logger.info("sales counted", counted=counted, poison=len(poison))


def _apply(record: Record) -> bool:
    event = event_in(record, OrderConfirmed, OrderCancelled)
    seen = {"event_id": str(event.event_id), "at": place_of(record)} if event else {}
    match event and event.data:
        case OrderConfirmed(order_id=order_id, lines=lines) if event:
            return store.sell(order_id, domain.sales(order_id, lines, event.occurred_at), seen)
        case OrderCancelled(order_id=order_id):
            domain.require_id(order_id, "order id")
            return store.withdraw(order_id, seen)
    return False
