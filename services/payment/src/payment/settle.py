"""OrderRejected, OrderCancelled → the order's money goes back, whatever was or will be asked for it."""

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
    """After a few attempts a failure is recorded, which calls for a person. Attempts may also die before they record
    anything, or be turned away: late deliveries record first, and then try. What still fails goes to the dead letters:
    a redrive finishes it."""
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
    """The tombstone first, so that nothing new is asked; then every unanswered question again with its own key, so that
    a late call can only repeat the answer; and what turns out to be held or taken is given back."""
    payment = store.change(order_id, lambda payment: domain.close(payment, order_id=order_id, now=clock.now()))
    while operation := payment.unanswered:
        payment = _ask_again(payment, operation)
    logger.info("settled", order_id=order_id, status=payment.status)
    return payment


def _ask_again(payment: Payment, operation: Operation) -> Payment:
    answer = ask(payment, operation)
    return store.change(payment.order_id, lambda payment: domain.settled(payment, operation, answer), seen=payment)


def _reason(failure: Exception) -> str:
    """What the order's timeline, which its customer may read, says of it: only the gateway's own words are quoted. An
    error of AWS names accounts and roles; the log has it whole."""
    said_by_gateway = isinstance(failure, GatewayUnavailable | GatewayTimeout | domain.UndoRefused)
    return f"{type(failure).__name__}: {failure}" if said_by_gateway else type(failure).__name__


def _record_failure(order_id: str, reason: str) -> None:
    """Once is enough: a failure that is on record stays as it is."""
    store.change(
        order_id,
        lambda payment: domain.settlement_failed(payment, order_id=order_id, reason=reason, now=clock.now()),
    )
