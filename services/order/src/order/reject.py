"""Checkout's failure step: PLACED becomes REJECTED. If the order was closed otherwise, checkout ends all the same."""

from order import domain, store
from shopkit import clock
from shopkit.task import OrderTask, task
from shopkit.telemetry import logger


class Rejection(OrderTask):
    """Which order to reject, and why."""

    reason: str


@task(Rejection)
def handler(wanted: Rejection) -> dict[str, str]:
    """Returns `{order_id, status}` as the order now stands."""
    try:
        order = store.change(wanted.order_id, lambda order: domain.reject(order, wanted.reason, clock.now()))
    except domain.IllegalTransition as decided:
        order = decided.order
    logger.info("reject asked", order_id=order.order_id, status=order.status, reason=wanted.reason)
    return {"order_id": order.order_id, "status": order.status}
