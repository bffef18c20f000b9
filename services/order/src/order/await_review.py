"""The review workflow's wait begins: remember the token that wakes it, unless the decision came first."""

from contracts.orders_stream import OrderStatus
from order import store
from shopkit.task import OrderTask, task
from shopkit.telemetry import logger


class AlreadyDecided(Exception):
    """The order does not wait for a review any more, so neither must the workflow."""


class AlreadyAwaited(Exception):
    """The event that starts a review came twice: another execution waits, and only one can be woken."""


class Wait(OrderTask):
    """Which execution waits for the order's review, and the token that wakes it."""

    execution: str
    token: str


@task(Wait)
def handler(wait: Wait) -> None:
    """Raises AlreadyDecided, AlreadyAwaited.

    The token is kept before the order is read: a decision after this read finds the token, one before it is seen.
    """
    if not store.keep_review_token(wait.order_id, wait.execution, wait.token):
        raise AlreadyAwaited(wait.order_id)
    order = store.find(wait.order_id)
    logger.info("review awaited", order_id=wait.order_id, status=order and order.status)
    if order is None or order.status is not OrderStatus.AWAITING_REVIEW:
        raise AlreadyDecided(wait.order_id)
