"""Rejects an order whose review has expired, if it still waits."""

from order import domain, store
from shopkit import clock
from shopkit.task import OrderTask, task
from shopkit.telemetry import logger


@task(OrderTask)
def handler(wanted: OrderTask) -> dict[str, str]:
    """Returns `{order_id, status}` as the order now stands."""
    try:
        order = store.change(
            wanted.order_id, lambda order: domain.disapprove(order, "review_expired", None, clock.now())
        )
    except domain.IllegalTransition as decided:
        order = decided.order
    logger.info("review expired", order_id=order.order_id, status=order.status)
    return {"order_id": order.order_id, "status": order.status}
