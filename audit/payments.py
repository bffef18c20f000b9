"""Part of check 2: the payment service's rows, the gateway's own ledger and the order agree on the money."""

from collections.abc import Iterator

from audit.evidence import Charge, Evidence, Order, Payment
from contracts.orders_stream import OrderStatus
from contracts.types import Money
from deployed.words import dollars

_CLOSED = {OrderStatus.REJECTED, OrderStatus.CANCELLED}
# What the ledger holds for each payment status: authorized, captured, refunded (each all or nothing), voided.
_HELD = {
    "UNPAID": (False, False, False, False),
    "DECLINED": (False, False, False, False),
    "AUTHORIZED": (True, False, False, False),
    "CAPTURED": (True, True, False, False),
    "VOIDED": (True, False, False, True),
    "REFUNDED": (True, True, True, False),
}


def faults(evidence: Evidence) -> Iterator[str]:
    for order_id, order in sorted(evidence.orders.items()):
        payment, charge = evidence.payments.get(order_id), evidence.charges.get(order_id)
        yield from _of_order(order, payment)
        if payment:
            yield from _of_payment(order, payment, charge)
        if charge:
            yield from _of_charge(order, charge)
            if payment is None:
                yield f"{order_id}: charged, but the payment service knows nothing of it"
    for order_id in sorted(evidence.payments.keys() - evidence.orders.keys()):
        yield f"{order_id}: it has a payment, but there is no such order"


def _of_order(order: Order, payment: Payment | None) -> Iterator[str]:
    """Checks the tombstone. Without it, a late authorize or capture would still be carried out for a closed order."""
    if order.status in _CLOSED and not (payment and payment.closed):
        yield f"{order.order_id}: {order.status}, but its payment was not closed"
    if order.status not in _CLOSED and payment and payment.closed:
        yield f"{order.order_id}: {order.status}, but its payment was closed at {payment.closed:%FT%TZ}"
    if order.status is OrderStatus.CONFIRMED and (payment is None or payment.status != "CAPTURED"):
        yield f"{order.order_id}: CONFIRMED, but its payment is {payment.status if payment else 'missing'}"


def _of_payment(order: Order, payment: Payment, charge: Charge | None) -> Iterator[str]:
    """Compares the payment with the order. A payment that was closed before it began has no amount and no method."""
    begun = payment.intents or payment.status != "UNPAID"
    if payment.order_id != order.order_id:
        yield f"{order.order_id}: its payment says that it is {payment.order_id}'s"
    if (begun or payment.amount) and payment.amount != order.total:
        yield f"{order.order_id}: its total is {_cost(order.total)}, but its payment is of {_cost(payment.amount)}"
    if (begun or payment.payment_method) and payment.payment_method != order.payment_method:
        yield f"{order.order_id}: to be paid by {order.payment_method}, but its payment is by {payment.payment_method}"
    for operation, answer in payment.answers.items():
        if answer.approved and answer.amount != order.total:
            total, answered = _cost(order.total), _cost(answer.amount)
            yield f"{order.order_id}: its total is {total}, but {operation} was answered {answered}"
    # The gateway may or may not have carried out a failed settlement; the order asks a person to look.
    if not payment.settlement_failed:
        for operation in sorted(payment.intents.keys() - payment.answers.keys()):
            yield f"{order.order_id}: nobody wrote down what the gateway answered to {operation}"
        yield from _otherwise_held(order.order_id, payment, charge)


def _otherwise_held(order_id: str, payment: Payment, charge: Charge | None) -> Iterator[str]:
    held = charge and (bool(charge.authorized), bool(charge.captured), bool(charge.refunded), charge.voided)
    if (held or _HELD["UNPAID"]) != _HELD[payment.status]:
        yield f"{order_id}: its payment is {payment.status}, but {_told(charge)}"


def _told(charge: Charge | None) -> str:
    if charge is None:
        return "the gateway knows nothing of it"
    amounts = (f"{name} {dollars(getattr(charge, name))}" for name in ("authorized", "captured", "refunded"))
    return f"at the gateway it is {', '.join(amounts)}{', voided' if charge.voided else ''}"


def _of_charge(order: Order, charge: Charge) -> Iterator[str]:
    """Compares the ledger with the order, and with the gateway's own responses."""
    asked, total = Money.model_construct(amount=charge.amount, currency=charge.currency), _cost(order.total)
    if asked != order.total:
        yield f"{order.order_id}: its total is {total}, but the gateway was asked for {_cost(asked)}"
    if charge.payment_method != order.payment_method:
        yield f"{order.order_id}: to be paid by {order.payment_method}, but charged by {charge.payment_method}"
    if charge.authorized not in {0, order.total.amount}:
        yield f"{order.order_id}: its total is {total}, but {dollars(charge.authorized)} were authorized"
    moved = {"authorize": charge.authorized, "capture": charge.captured, "refund": charge.refunded}
    for operation, amount in moved.items():
        if amount != charge.answered(operation):
            yield (
                f"{order.order_id}: the gateway answered {dollars(charge.answered(operation))} to {operation}, but its "
                f"ledger says {dollars(amount)}"
            )
    for key in sorted(charge.answers):
        if not key.startswith(f"{order.order_id}:"):
            yield f"{order.order_id}: its charge has an answer to {key}"


def _cost(money: Money | None) -> str:
    if money is None:
        return "nothing"
    return dollars(money.amount) if money.currency == "USD" else f"{money.amount / 100:,.2f} {money.currency}"
