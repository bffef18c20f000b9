"""Checkout's last step: PLACED becomes CONFIRMED, unless the order has been closed."""

from datetime import timedelta

from aws_lambda_powertools.metrics import MetricUnit

from order import domain, store
from shopkit import clock
from shopkit.task import OrderTask, task
from shopkit.telemetry import logger, measure


@task(OrderTask)
def handler(wanted: OrderTask) -> dict[str, str]:
    """Returns `{order_id, status}`. Raises OrderClosed."""
    now = clock.now()
    try:
        order = store.change(wanted.order_id, lambda order: domain.confirm(order, now))
    except domain.IllegalTransition as closed:
        raise domain.OrderClosed(str(closed)) from closed
    logger.info("confirmed", order_id=order.order_id)
    if order.updated_at == now:  # not if it was confirmed by an earlier attempt
        measure("PlacedToConfirmed", MetricUnit.Milliseconds, (now - order.placed_at) / timedelta(milliseconds=1))
    return {"order_id": order.order_id, "status": order.status}
