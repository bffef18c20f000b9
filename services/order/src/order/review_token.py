"""Finds the task token of the review that waits for an order."""

from order import store
from shopkit.task import OrderTask, task
from shopkit.telemetry import logger


class NoReviewWaits(Exception):
    """No review of this order waits yet. If one starts to wait later, it finds the order decided."""


@task(OrderTask)
def handler(wanted: OrderTask) -> dict[str, str]:
    """Returns `{token}`. Raises NoReviewWaits."""
    token = store.review_token(wanted.order_id)
    logger.info("review token asked", order_id=wanted.order_id, found=token is not None)
    if token is None:
        raise NoReviewWaits(wanted.order_id)
    return {"token": token}
