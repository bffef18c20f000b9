"""Checkout takes the money that it holds, once however often it is asked."""

from typing import Any

from payment import domain
from payment.domain import Operation, PaymentStatus
from payment.gateway import CaptureRefused
from payment.gateway_calls import carry_out
from shopkit import clock
from shopkit.telemetry import logger, tracer


@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """`{order_id}` in, `{order_id, status: "CAPTURED"}` out. Raises CaptureRefused, PaymentClosed; GatewayUnavailable,
    GatewayTimeout and Contended for a retry."""
    order_id = event["order_id"]
    answer = carry_out(order_id, Operation.CAPTURE, lambda payment: domain.intend_capture(payment, now=clock.now()))
    if not answer.approved:
        logger.info("capture refused", order_id=order_id, reason=answer.reason)
        raise CaptureRefused(answer.reason)
    logger.info("captured", order_id=order_id)
    return {"order_id": order_id, "status": PaymentStatus.CAPTURED}
