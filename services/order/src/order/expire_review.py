"""The review's time is over: an order that still waits is rejected."""

from typing import Any

from order import domain, store
from shopkit import clock
from shopkit.telemetry import logger, tracer


@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{order_id}` in, `{order_id, status}` as the order now stands out."""
    try:
        order = store.change(
            event["order_id"], lambda order: domain.disapprove(order, "review_expired", None, clock.now())
        )
    except domain.IllegalTransition as decided:
        order = decided.order
    logger.info("review expired", order_id=order.order_id, status=order.status)
    return {"order_id": order.order_id, "status": order.status}
