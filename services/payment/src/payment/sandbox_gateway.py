"""A payment gateway for tests and demonstrations. It stands in for an external company: it has its own ledger and does
not know the payment service's table. So the ledger is independent evidence of what was charged.

Its payment methods exercise every branch of a checkout, as a card processor's test cards do.
"""

import os
from collections.abc import Callable
from typing import Any, Self

from pydantic import Field

from contracts.types import Money, Value
from payment.gateway import (
    CaptureRefused,
    Declined,
    GatewayTimeout,
    GatewayUnavailable,
    Receipt,
    RefundRefused,
    Refused,
    VoidRefused,
)
from shopkit.optimistic import Contended, put_row
from shopkit.rows import read_row

_APPROVED = {"pm_visa", "pm_review", "pm_timeout", "pm_flaky", "pm_capture_fails", "pm_settle_fails"}
_DECLINED = {"pm_declined": "declined", "pm_insufficient_funds": "insufficient_funds"}
# How many attempts fail before the gateway carries out the call. The settlement queue delivers ten times.
_FAILING = {("pm_flaky", "authorize"): 2, ("pm_settle_fails", "void"): 10, ("pm_settle_fails", "refund"): 10}
# Calls that are carried out, but whose first answer is lost.
_LOST = {("pm_timeout", "authorize"), ("pm_timeout", "capture")}

_RACES = 5


class GivenAnswer(Value):
    """The answer to a key: an amount in minor units, or the reason for a refusal."""

    amount: int | None = None
    refusal: str | None = None


class Charge(Value):
    """One charge in the ledger, amounts in minor units. `answers` and `attempts` are by gateway key."""

    order_id: str
    amount: int
    currency: str
    payment_method: str
    authorized: int = 0
    captured: int = 0
    refunded: int = 0
    voided: bool = False
    answers: dict[str, GivenAnswer] = Field(default_factory=dict)
    attempts: dict[str, int] = Field(default_factory=dict)
    revision: int = 0

    def changed(self, **changes: Any) -> Self:
        return self.model_copy(update=changes)


class SandboxGateway:
    """The gateway over the table LEDGER_TABLE."""

    def authorize(self, key: str, charge_id: str, amount: Money, payment_method: str) -> Receipt:
        opened = Charge(
            order_id=charge_id, amount=amount.amount, currency=amount.currency, payment_method=payment_method
        )
        return _carry_out("authorize", key, charge_id, _authorized, opened)

    def capture(self, key: str, charge_id: str) -> Receipt:
        return _carry_out("capture", key, charge_id, _captured)

    def void(self, key: str, charge_id: str) -> Receipt:
        return _carry_out("void", key, charge_id, _voided)

    def refund(self, key: str, charge_id: str, amount: Money) -> Receipt:
        return _carry_out("refund", key, charge_id, lambda charge: _refunded(charge, amount))


# What each operation does to a charge, and the amount it moves.
type _Effect = Callable[[Charge], tuple[Charge, int]]

_REFUSAL: dict[str, type[Refused]] = {
    "authorize": Declined,
    "capture": CaptureRefused,
    "void": VoidRefused,
    "refund": RefundRefused,
}


def _authorized(charge: Charge) -> tuple[Charge, int]:
    if charge.payment_method not in _APPROVED:
        raise Declined(_DECLINED.get(charge.payment_method, "unknown_payment_method"))
    return charge.changed(authorized=charge.amount), charge.amount


def _captured(charge: Charge) -> tuple[Charge, int]:
    if charge.voided:
        raise CaptureRefused("voided")
    if charge.captured or not charge.authorized:
        raise CaptureRefused("nothing_authorized")
    if charge.payment_method == "pm_capture_fails":
        raise CaptureRefused("refused_by_issuer")
    return charge.changed(captured=charge.authorized), charge.authorized


def _voided(charge: Charge) -> tuple[Charge, int]:
    if charge.captured:
        raise VoidRefused("captured")
    if charge.voided or not charge.authorized:
        raise VoidRefused("nothing_authorized")
    return charge.changed(voided=True), charge.authorized


def _refunded(charge: Charge, amount: Money) -> tuple[Charge, int]:
    if amount.currency != charge.currency or charge.refunded + amount.amount > charge.captured:
        raise RefundRefused("more_than_captured")
    return charge.changed(refunded=charge.refunded + amount.amount), amount.amount


def _carry_out(operation: str, key: str, charge_id: str, effect: _Effect, opened: Charge | None = None) -> Receipt:
    """Carries out one call. One conditional write of the charge stores both its effect and its answer."""
    for _ in range(_RACES):
        charge = _find(charge_id) or opened
        if charge is None:
            raise _REFUSAL[operation]("no_such_charge")
        if key in charge.answers:
            return _given(operation, charge, key)
        attempt = charge.attempts.get(key, 0) + 1
        simulated = charge.payment_method, operation
        after = charge.changed(attempts={**charge.attempts, key: attempt})
        failing = attempt <= _FAILING.get(simulated, 0)
        if not failing:
            after = _answered(after, key, effect)
        if not _save(after):
            continue
        if failing:
            raise GatewayUnavailable(f"{operation} failed, attempt {attempt}")
        if simulated in _LOST:
            raise GatewayTimeout(f"the answer to {operation} was lost")
        return _given(operation, after, key)
    raise GatewayUnavailable("too many calls for one charge at the same time")


def _answered(charge: Charge, key: str, effect: _Effect) -> Charge:
    try:
        charge, amount = effect(charge)
        answer = GivenAnswer(amount=amount)
    except Refused as refusal:
        answer = GivenAnswer(refusal=str(refusal))
    return charge.changed(answers={**charge.answers, key: answer})


def _given(operation: str, charge: Charge, key: str) -> Receipt:
    answer = charge.answers[key]
    if answer.amount is None:
        raise _REFUSAL[operation](answer.refusal)
    return Receipt(amount=Money(amount=answer.amount, currency=charge.currency))


def _find(charge_id: str) -> Charge | None:
    row = read_row(_ledger(), order_id=charge_id)
    return Charge.model_validate(row) if row else None


def _save(charge: Charge) -> bool:
    """Returns whether the charge was written, which it is only if it has not changed since it was read."""
    row = {**charge.model_dump(mode="json", exclude_none=True), "revision": charge.revision + 1}
    try:
        put_row(_ledger(), row, key="order_id", seen=charge.revision or None)
    except Contended:
        return False
    return True


def _ledger() -> str:
    return os.environ["LEDGER_TABLE"]
