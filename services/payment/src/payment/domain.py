"""Payments and their state changes. Pure rules: no AWS, no clock.

Until the gateway answers, it is unknown whether it carried out a call. So an intent is written before each call.
Whoever closes the payment repeats every call without an answer, with the same gateway key.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from contracts.types import Money, Timestamp, Value


class Operation(StrEnum):
    """The operations of a gateway, in the order in which they may follow each other."""

    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class PaymentStatus(StrEnum):
    """Where the money is, according to the gateway's answers."""

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
    """The gateway's answer: an amount if it approved, a reason if it refused."""

    approved: bool
    amount: Money | None = None
    reason: str | None = None
    at: Timestamp


class SettlementFailure(Value):
    """Why the money of a closed order could not be given back, and since when."""

    reason: str
    since: Timestamp


class Payment(Value):
    """The payment of one order.

    `closed` is the tombstone: after it, only operations that give money back are started. It may come first, and then
    there is no amount. `version` counts the published changes, `revision` every write.
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
    """There is no authorization to capture."""


class UndoRefused(Exception):
    """The gateway refuses to give the money back. An operator must look at it."""


def gateway_key(order_id: str, operation: Operation) -> str:
    """Returns the idempotency key for the gateway: an operation of an order is carried out once."""
    return f"{order_id}:{operation}"


def intend_authorize(
    payment: Payment | None, *, order_id: str, amount: Money, payment_method: str, now: datetime
) -> Payment:
    """Returns the payment with the intent to authorize. Raises PaymentClosed; ValueError if an earlier intent had
    another amount or method."""
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
    """Returns the payment with the intent to capture. Raises PaymentClosed, NotAuthorized."""
    payment = _started(payment)
    _require_open(payment)
    if payment.status not in {PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED}:
        raise NotAuthorized(f"payment of {payment.order_id} is {payment.status}")
    return _intending(payment, Operation.CAPTURE, now)


def answered(payment: Payment | None, operation: Operation, answer: Answer) -> Payment:
    """Returns the payment with an answer to checkout. Raises PaymentClosed: then settlement repeats the call."""
    payment = _started(payment)
    _require_open(payment)
    return _with_answer(payment, operation, answer)


def close(payment: Payment | None, *, order_id: str, now: datetime) -> Payment:
    """Returns the closed payment, with the intent to undo what was carried out. It may not have been started."""
    payment = payment or Payment(order_id=order_id, updated_at=now)
    if payment.closed:
        return payment
    return _intending_to_undo(_changed(payment, now, closed=now), now)


def settled(payment: Payment | None, operation: Operation, answer: Answer) -> Payment:
    """Returns a closed payment with another answer, and the intent to undo what it confirms. Raises UndoRefused."""
    payment = _started(payment)
    if not answer.approved and operation in _UNDONE_BY.values():
        raise UndoRefused(f"{operation} of {payment.order_id}: {answer.reason}")
    payment = _intending_to_undo(_with_answer(payment, operation, answer), answer.at)
    if payment.settlement_failed and not payment.unanswered:
        payment = _changed(payment, answer.at, settlement_failed=None)
    return payment


def settlement_failed(payment: Payment | None, *, order_id: str, reason: str, now: datetime) -> Payment:
    """Records, once, that this payment could not be settled. Without an unanswered call, nothing changes."""
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
    # Without all answers, it is unknown whether to void or to refund.
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
