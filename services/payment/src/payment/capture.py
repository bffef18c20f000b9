"""Captures an order's authorized payment, once however often it is called."""

from payment import domain
from payment.domain import Operation, PaymentStatus
from payment.gateway import CaptureRefused
from payment.gateway_calls import carry_out
from shopkit import clock
from shopkit.task import OrderTask, task
from shopkit.telemetry import logger


@task(OrderTask)
def handler(wanted: OrderTask) -> dict[str, str]:
    """Returns `{order_id, status: "CAPTURED"}`. Raises CaptureRefused, PaymentClosed; GatewayUnavailable,
    GatewayTimeout and Contended for a retry."""
    order_id = wanted.order_id
    answer = carry_out(order_id, Operation.CAPTURE, lambda payment: domain.intend_capture(payment, now=clock.now()))
    if not answer.approved:
        logger.info("capture refused", order_id=order_id, reason=answer.reason)
        raise CaptureRefused(answer.reason)
    logger.info("captured", order_id=order_id)
    return {"order_id": order_id, "status": PaymentStatus.CAPTURED}
