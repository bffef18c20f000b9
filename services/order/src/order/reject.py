"""Checkout's way out: PLACED becomes REJECTED. Whether this wins or loses against another closing, checkout ends."""

from typing import Any

from order import domain, store
from shopkit import clock
from shopkit.telemetry import logger, tracer


@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """`{order_id, reason}` in, `{order_id, status}` as the order now stands out."""
    try:
        order = store.change(event["order_id"], lambda order: domain.reject(order, event["reason"], clock.now()))
    except domain.IllegalTransition as decided:
        order = decided.order
    logger.info("reject asked", order_id=order.order_id, status=order.status, reason=event["reason"])
    return {"order_id": order.order_id, "status": order.status}
