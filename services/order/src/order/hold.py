"""Checkout's question between authorization and capture: must a person decide first?"""

import os
from typing import Any

from contracts.orders_stream import OrderStatus
from order import domain, store
from order.confirm import OrderClosed
from shopkit import clock
from shopkit.telemetry import logger, tracer


class OrderHeld(Exception):
    """The order waits for a review; checkout ends here, and the review's approval starts it again."""


@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{order_id}` in, `{order_id, status}` of an order that may go on out. Raises OrderHeld, OrderClosed."""
    threshold = int(os.environ["REVIEW_THRESHOLD"])
    try:
        order = store.change(event["order_id"], lambda order: domain.hold(order, threshold, clock.now()))
    except domain.IllegalTransition as decided:
        if decided.order.status is not OrderStatus.CONFIRMED:
            raise OrderClosed(str(decided)) from decided
        order = decided.order
    logger.info("asked to hold", order_id=order.order_id, status=order.status)
    if order.status is OrderStatus.AWAITING_REVIEW:
        raise OrderHeld(order.order_id)
    return {"order_id": order.order_id, "status": order.status}
