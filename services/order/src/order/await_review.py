"""The review workflow's wait begins: remember the token that wakes it, unless the decision came first."""

from typing import Any

from contracts.orders_stream import OrderStatus
from order import store
from shopkit.telemetry import logger, tracer


class AlreadyDecided(Exception):
    """The order does not wait for a review any more, so neither must the workflow."""


class AlreadyAwaited(Exception):
    """The event that starts a review came twice: another execution waits, and only one can be woken."""


@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: object) -> None:
    """`{order_id, execution, token}` in. Raises AlreadyDecided, AlreadyAwaited.

    The token is kept before the order is read: a decision after this read finds the token, one before it is seen.
    """
    if not store.keep_review_token(event["order_id"], event["execution"], event["token"]):
        raise AlreadyAwaited(event["order_id"])
    order = store.find(event["order_id"])
    logger.info("review awaited", order_id=event["order_id"], status=order and order.status)
    if order is None or order.status is not OrderStatus.AWAITING_REVIEW:
        raise AlreadyDecided(event["order_id"])
