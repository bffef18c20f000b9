"""Checkout's step between authorization and capture, for an order that needs an operator's review."""

from contracts.orders_stream import OrderStatus
from order import domain, store
from shopkit import clock
from shopkit.task import OrderTask, task
from shopkit.telemetry import logger


class OrderHeld(Exception):
    """The order waits for a review. Checkout ends here, and an approval starts it again."""


@task(OrderTask)
def handler(wanted: OrderTask) -> dict[str, str]:
    """Returns `{order_id, status}` of an order that was approved already. Raises OrderHeld, OrderClosed."""
    try:
        order = store.change(wanted.order_id, lambda order: domain.hold(order, clock.now()))
    except domain.IllegalTransition as decided:
        if decided.order.status is not OrderStatus.CONFIRMED:
            raise domain.OrderClosed(str(decided)) from decided
        order = decided.order
    logger.info("asked to hold", order_id=order.order_id, status=order.status)
    if order.status is OrderStatus.AWAITING_REVIEW:
        raise OrderHeld(order.order_id)
    return {"order_id": order.order_id, "status": order.status}
