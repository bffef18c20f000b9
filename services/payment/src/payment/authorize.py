"""Authorizes an order's payment, once however often it is called."""

from contracts.types import Money
from payment import domain
from payment.domain import Operation, PaymentStatus
from payment.gateway_calls import carry_out
from shopkit import clock
from shopkit.task import OrderTask, task
from shopkit.telemetry import logger


class PaymentDeclined(Exception):
    """The gateway declined. The message is the reason: declined or insufficient_funds."""


class ReviewRequired(Exception):
    """Authorized, but the order must be reviewed before the money may be captured."""


class Authorization(OrderTask):
    """Which order to pay for, how much, and how."""

    amount: Money
    payment_method: str
    needs_review: bool = False


@task(Authorization)
def handler(wanted: Authorization) -> dict[str, str]:
    """Returns `{order_id, status: "AUTHORIZED"}`. Raises PaymentDeclined, PaymentClosed, ReviewRequired;
    GatewayUnavailable, GatewayTimeout and Contended for a retry."""
    order_id = wanted.order_id
    answer = carry_out(
        order_id,
        Operation.AUTHORIZE,
        lambda payment: domain.intend_authorize(
            payment,
            order_id=order_id,
            amount=wanted.amount,
            payment_method=wanted.payment_method,
            now=clock.now(),
        ),
    )
    if not answer.approved:
        logger.info("declined", order_id=order_id, reason=answer.reason)
        raise PaymentDeclined(answer.reason)
    logger.info("authorized", order_id=order_id, needs_review=wanted.needs_review)
    if wanted.needs_review:
        raise ReviewRequired(order_id)
    return {"order_id": order_id, "status": PaymentStatus.AUTHORIZED}
