"""How to wake the review that waits for an order."""

from typing import Any

from order import store
from shopkit.telemetry import logger, tracer


class NoReviewWaits(Exception):
    """No review of this order has begun to wait. When it does, it finds the order decided."""


@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{order_id}` in, `{token}` out. Raises NoReviewWaits."""
    token = store.review_token(event["order_id"])
    logger.info("review token asked", order_id=event["order_id"], found=token is not None)
    if token is None:
        raise NoReviewWaits(event["order_id"])
    return {"token": token}
