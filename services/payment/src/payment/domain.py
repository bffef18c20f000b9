"""What a payment is, and every way it may change. Pure rules: no AWS, no clock.

A payment is never sure what the gateway did until it has the answer. So it first writes down what it is about to ask
(an intent), and whoever closes it asks every unanswered question again, with the same gateway key.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from contracts.types import Money, Timestamp, Value


class Operation(StrEnum):
    """What can be asked of a gateway, in the only order in which it makes sense."""

    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class PaymentStatus(StrEnum):
    """Where the money is, as far as the gateway's answers tell."""

    UNPAID = "UNPAID"
    AUTHORIZED = "AUTHORIZED"
    DECLINED = "DECLINED"
    CAPTURED = "CAPTURED"
    VOIDED = "VOIDED"
    REFUNDED = "REFUNDED"


# A refused capture leaves the authorization as it was.
_STATUS_AFTER = {
    (Operation.AUTHORIZE, True): PaymentStatus.AUTHORIZED,
    (Operation.AUTHORIZE, False): PaymentStatus.DECLINED,
    (Operation.CAPTURE, True): PaymentStatus.CAPTURED,
    (Operation.CAPTURE, False): PaymentStatus.AUTHORIZED,
    (Operation.VOID, True): PaymentStatus.VOIDED,
    (Operation.REFUND, True): PaymentStatus.REFUNDED,
}

_UNDONE_BY = {PaymentStatus.AUTHORIZED: Operation.VOID, PaymentStatus.CAPTURED: Operation.REFUND}


class Answer(Value):
    """What the gateway said: an amount if it approved, a reason if it refused."""

    approved: bool
    amount: Money | None = None
    reason: str | None = None
    at: Timestamp


class SettlementFailure(Value):
    """Why money of a closed order could not be given back, and since when."""

    reason: str
    since: Timestamp


class Payment(Value):
    """The payment of one order.

    `closed` is the tombstone: from then on nothing new is asked but what gives money back. It may come before anything
    else, and then there is no amount. `version` counts the changes that others hear of, `revision` every write.
    """

    order_id: str
    status: PaymentStatus = PaymentStatus.UNPAID
    amount: Money | None = None
    payment_method: str | None = None
    intents: dict[Operation, Timestamp] = Field(default_factory=dict)
    answers: dict[Operation, Answer] = Field(default_factory=dict)
    closed: Timestamp | None = None
    settlement_failed: SettlementFailure | None = None
    updated_at: Timestamp
    version: int = 0
    revision: int = 0

    @property
    def unanswered(self) -> Operation | None:
        """The first operation that the gateway may or may not have carried out."""
        return next((op for op in Operation if op in self.intents and op not in self.answers), None)


class PaymentClosed(Exception):
    """The order was closed first. Its settlement gives back whatever was authorized or captured."""


class NotAuthorized(Exception):
    """Nothing is held that could be captured."""


class UndoRefused(Exception):
    """The gateway refuses to give the money back: a person must look."""


def gateway_key(order_id: str, operation: Operation) -> str:
    """The gateway carries out each key once, so an order is authorized, captured, voided and refunded at most once."""
    return f"{order_id}:{operation}"


def intend_authorize(
    payment: Payment | None, *, order_id: str, amount: Money, payment_method: str, now: datetime
) -> Payment:
    """Raises PaymentClosed; ValueError if the same order was to be paid otherwise before."""
    if payment is None:
        return Payment(
            order_id=order_id,
            amount=amount,
            payment_method=payment_method,
            intents={Operation.AUTHORIZE: now},
            updated_at=now,
        )
    if payment.status is PaymentStatus.DECLINED:
        return payment
    _require_open(payment)
    if (payment.amount, payment.payment_method) != (amount, payment_method):
        raise ValueError(f"order {order_id} has a payment of another amount or method")
    return payment


def intend_capture(payment: Payment | None, *, now: datetime) -> Payment:
    """Raises PaymentClosed, NotAuthorized."""
    payment = _started(payment)
    _require_open(payment)
    if payment.status not in {PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED}:
        raise NotAuthorized(f"payment of {payment.order_id} is {payment.status}")
    return _intending(payment, Operation.CAPTURE, now)


def answered(payment: Payment | None, operation: Operation, answer: Answer) -> Payment:
    """The payment with checkout's answer. Raises PaymentClosed: then settlement asks, and undoes, by itself."""
    payment = _started(payment)
    _require_open(payment)
    return _with_answer(payment, operation, answer)


def close(payment: Payment | None, *, order_id: str, now: datetime) -> Payment:
    """The tombstone, also where no payment was started yet, and the intent to undo what is known to be done."""
    payment = payment or Payment(order_id=order_id, updated_at=now)
    if payment.closed:
        return payment
    return _intending_to_undo(_changed(payment, now, closed=now), now)


def settled(payment: Payment | None, operation: Operation, answer: Answer) -> Payment:
    """A closed payment with one more answer, and the intent to undo what it tells. Raises UndoRefused."""
    payment = _started(payment)
    if not answer.approved and operation in _UNDONE_BY.values():
        raise UndoRefused(f"{operation} of {payment.order_id}: {answer.reason}")
    payment = _intending_to_undo(_with_answer(payment, operation, answer), answer.at)
    if payment.settlement_failed and not payment.unanswered:
        payment = _changed(payment, answer.at, settlement_failed=None)
    return payment


def settlement_failed(payment: Payment | None, *, order_id: str, reason: str, now: datetime) -> Payment:
    """Says once that this payment could not be settled. Without anything left to ask there is nothing to say."""
    payment = close(payment, order_id=order_id, now=now)
    if payment.settlement_failed or not payment.unanswered:
        return payment
    failure = SettlementFailure(reason=f"{payment.unanswered} failed: {reason}", since=now)
    return _changed(payment, now, settlement_failed=failure, version=payment.version + 1)


def _started(payment: Payment | None) -> Payment:
    if payment is None:
        raise NotAuthorized("no payment was started")
    return payment


def _require_open(payment: Payment) -> None:
    if payment.closed:
        raise PaymentClosed(f"payment of {payment.order_id} was closed at {payment.closed:%FT%TZ}")


def _intending(payment: Payment, operation: Operation, now: datetime) -> Payment:
    if operation in payment.intents:
        return payment
    return _changed(payment, now, intents={**payment.intents, operation: now})


def _intending_to_undo(payment: Payment, now: datetime) -> Payment:
    undo = _UNDONE_BY.get(payment.status)
    # As long as an answer is missing, nobody knows which of the two is right.
    return payment if payment.unanswered or undo is None else _intending(payment, undo, now)


def _with_answer(payment: Payment, operation: Operation, answer: Answer) -> Payment:
    if operation in payment.answers:
        return payment
    status = _STATUS_AFTER[operation, answer.approved]
    return _changed(
        payment,
        answer.at,
        answers={**payment.answers, operation: answer},
        status=status,
        version=payment.version + (status is not payment.status),
    )


def _changed(payment: Payment, now: datetime, **changes: Any) -> Payment:
    return payment.model_copy(update={**changes, "updated_at": now})
