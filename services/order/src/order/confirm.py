"""Checkout's last step: PLACED becomes CONFIRMED, unless the order was closed meanwhile."""

from datetime import timedelta
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from order import domain, store
from shopkit import clock
from shopkit.telemetry import logger, measure, tracer


class OrderClosed(Exception):
    """The order was rejected or cancelled first. Its closing event settles money and goods."""


@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """`{order_id}` in, `{order_id, status}` out. Raises OrderClosed."""
    now = clock.now()
    try:
        order = store.change(event["order_id"], lambda order: domain.confirm(order, now))
    except domain.IllegalTransition as closed:
        raise OrderClosed(str(closed)) from closed
    logger.info("confirmed", order_id=order.order_id)
    if order.updated_at == now:  # not when it was confirmed before
        measure("PlacedToConfirmed", MetricUnit.Milliseconds, (now - order.placed_at) / timedelta(milliseconds=1))
    return {"order_id": order.order_id, "status": order.status}
