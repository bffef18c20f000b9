"""Gives back the money of a rejected or cancelled order, whatever checkout did or will still do."""

import os

from contracts.order import OrderCancelled, OrderRejected
from payment import domain, store
from payment.domain import Operation, Payment
from payment.gateway import GatewayTimeout, GatewayUnavailable
from payment.gateway_calls import ask
from shopkit import clock
from shopkit.consumer import Delivery, consumer
from shopkit.telemetry import logger


@consumer(OrderRejected, OrderCancelled)
def handler(delivery: Delivery) -> None:
    """Settles the payment. After SETTLE_ATTEMPTS a failure is recorded, so that an operator is notified.

    An attempt may also die, or be throttled, before it records anything. So deliveries from RECORD_FIRST_FROM on record
    a failure first. What still fails goes to the dead-letter queue, from where a redrive completes it.
    """
    order_id = delivery.event.data.order_id
    if delivery.attempt >= int(os.environ["RECORD_FIRST_FROM"]):
        _record_failure(order_id, "no attempt ended")
    try:
        settle(order_id)
    except Exception as failure:
        if delivery.attempt >= int(os.environ["SETTLE_ATTEMPTS"]):
            _record_failure(order_id, _reason(failure))
        raise


def settle(order_id: str) -> Payment:
    """Closes the payment, so that checkout starts nothing new. Then repeats every unanswered call with its own key: a
    late call of checkout can only get the same answer. Gives back whatever proves to be held or taken."""
    payment = store.change(order_id, lambda payment: domain.close(payment, order_id=order_id, now=clock.now()))
    while operation := payment.unanswered:
        payment = _ask_again(payment, operation)
    logger.info("settled", order_id=order_id, status=payment.status)
    return payment


def _ask_again(payment: Payment, operation: Operation) -> Payment:
    answer = ask(payment, operation)
    return store.change(payment.order_id, lambda payment: domain.settled(payment, operation, answer), seen=payment)


def _reason(failure: Exception) -> str:
    """Returns the reason that the order's timeline shows to its customer. Only the gateway's messages are quoted. An
    AWS error may name accounts and roles, so it appears only in the log."""
    from_gateway = isinstance(failure, GatewayUnavailable | GatewayTimeout | domain.UndoRefused)
    return f"{type(failure).__name__}: {failure}" if from_gateway else type(failure).__name__


def _record_failure(order_id: str, reason: str) -> None:
    """Records a failure. An earlier record stays as it is."""
    store.change(
        order_id,
        lambda payment: domain.settlement_failed(payment, order_id=order_id, reason=reason, now=clock.now()),
    )
