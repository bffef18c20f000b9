"""Calls to the gateway: an intent is written before, the answer after. The gateway is chosen here."""

from collections.abc import Callable

from payment import domain, store
from payment.domain import Answer, Operation, Payment
from payment.gateway import Gateway, Receipt, Refused
from payment.sandbox_gateway import SandboxGateway
from shopkit import clock

gateway: Gateway = SandboxGateway()


def carry_out(order_id: str, operation: Operation, intend: Callable[[Payment | None], Payment]) -> Answer:
    """Writes the intent, calls the gateway and records its answer. A repeat returns the recorded answer.

    Raises PaymentClosed if a settlement came first; GatewayUnavailable, GatewayTimeout and Contended for a retry.
    """
    payment = store.change(order_id, intend)
    if operation not in payment.answers:
        answer = ask(payment, operation)
        payment = store.change(order_id, lambda payment: domain.answered(payment, operation, answer), seen=payment)
    return payment.answers[operation]


def ask(payment: Payment, operation: Operation) -> Answer:
    """Returns the gateway's answer, the same for every repeat. Raises GatewayUnavailable, GatewayTimeout."""
    try:
        receipt = _call(payment, operation)
    except Refused as refusal:
        return Answer(approved=False, reason=str(refusal), at=clock.now())
    return Answer(approved=True, amount=receipt.amount, at=clock.now())


def _call(payment: Payment, operation: Operation) -> Receipt:
    key, charge_id = domain.gateway_key(payment.order_id, operation), payment.order_id
    if payment.amount is None or payment.payment_method is None:
        raise ValueError(f"order {payment.order_id} has nothing to pay")
    match operation:
        case Operation.AUTHORIZE:
            return gateway.authorize(key, charge_id, payment.amount, payment.payment_method)
        case Operation.CAPTURE:
            return gateway.capture(key, charge_id)
        case Operation.VOID:
            return gateway.void(key, charge_id)
        case Operation.REFUND:
            return gateway.refund(key, charge_id, payment.amount)
