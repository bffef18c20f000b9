"""Starts the review workflow's wait: stores its task token, unless the order has already been decided."""

from contracts.orders_stream import OrderStatus
from order import store
from shopkit.task import OrderTask, task
from shopkit.telemetry import logger


class AlreadyDecided(Exception):
    """The order no longer waits for a review, so the workflow must not wait either."""


class AlreadyAwaited(Exception):
    """The event that starts a review arrived twice. Another execution already waits, and only one can be woken."""


class Wait(OrderTask):
    """Which execution waits for the order's review, and the token that wakes it."""

    execution: str
    token: str


@task(Wait)
def handler(wait: Wait) -> None:
    """Raises AlreadyDecided, AlreadyAwaited.

    The token is stored before the order is read. A decision after this read finds the token; one before it is seen.
    """
    if not store.keep_review_token(wait.order_id, wait.execution, wait.token):
        raise AlreadyAwaited(wait.order_id)
    order = store.find(wait.order_id)
    logger.info("review awaited", order_id=wait.order_id, status=order and order.status)
    if order is None or order.status is not OrderStatus.AWAITING_REVIEW:
        raise AlreadyDecided(wait.order_id)
