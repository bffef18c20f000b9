"""Checkout's hold on the customer's money, taken once however often it is asked."""

from typing import Any

from contracts.types import Money
from payment import domain
from payment.domain import Operation, PaymentStatus
from payment.gateway_calls import carry_out
from shopkit import clock
from shopkit.telemetry import logger, tracer


class PaymentDeclined(Exception):
    """The gateway said no; the message is the reason: declined or insufficient_funds."""


@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """`{order_id, amount: {amount, currency}, payment_method}` in, `{order_id, status: "AUTHORIZED"}` out. Raises
    PaymentDeclined, PaymentClosed; GatewayUnavailable, GatewayTimeout and Contended for a retry."""
    order_id, amount = event["order_id"], Money.model_validate(event["amount"])
    answer = carry_out(
        order_id,
        Operation.AUTHORIZE,
        lambda payment: domain.intend_authorize(
            payment, order_id=order_id, amount=amount, payment_method=event["payment_method"], now=clock.now()
        ),
    )
    if not answer.approved:
        logger.info("declined", order_id=order_id, reason=answer.reason)
        raise PaymentDeclined(answer.reason)
    logger.info("authorized", order_id=order_id)
    return {"order_id": order_id, "status": PaymentStatus.AUTHORIZED}
