"""Follows the orders' stream: a confirmed order's goods are sold, a closed order's goods become available again."""

from functools import partial

from contracts.orders_stream import OrderImage
from inventory import domain, store
from shopkit import clock
from shopkit.streams import Change, stream_consumer
from shopkit.telemetry import logger


# These are another service's rows: other attributes, such as an address, must not reach this failure queue.
@partial(stream_consumer, keeps=frozenset(OrderImage.model_fields))
def handler(change: Change) -> None:
    if change.new is None or "status" not in change.new:
        return  # not an order; the stream's filter excludes such rows
    order, now = OrderImage.model_validate(change.new), clock.now()
    reservation = store.follow(
        order.order_id, lambda before: domain.followed(before, order.order_id, order.status, now)
    )
    if reservation:
        logger.info("reservation followed", order_id=order.order_id, status=reservation.status)
