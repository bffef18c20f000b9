"""What a payment may become, without gateway or table."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.types import Money
from payment import domain
from payment.domain import (
    Answer,
    NotAuthorized,
    Operation,
    Payment,
    PaymentClosed,
    PaymentStatus,
    UndoRefused,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
TOTAL = Money(amount=4200)
YES = Answer(approved=True, amount=TOTAL, at=NOW)
NO = Answer(approved=False, reason="declined", at=NOW)


def asked() -> Payment:
    return domain.intend_authorize(None, order_id="ord_1", amount=TOTAL, payment_method="pm_visa", now=NOW)


def authorized() -> Payment:
    return domain.answered(asked(), Operation.AUTHORIZE, YES)


def captured() -> Payment:
    return domain.answered(domain.intend_capture(authorized(), now=NOW), Operation.CAPTURE, YES)


def closed(payment: Payment | None) -> Payment:
    return domain.close(payment, order_id="ord_1", now=LATER)


def test_a_gateway_key_names_the_order_and_the_operation() -> None:
    assert domain.gateway_key("ord_1", Operation.AUTHORIZE) == "ord_1:authorize"


def test_an_intent_is_bookkeeping() -> None:
    payment = asked()
    assert payment.unanswered is Operation.AUTHORIZE
    assert (payment.status, payment.version) == (PaymentStatus.UNPAID, 0)
    assert domain.intend_capture(authorized(), now=NOW).version == authorized().version


def test_each_change_of_status_is_a_version() -> None:
    assert [payment.version for payment in (asked(), authorized(), captured())] == [0, 1, 2]
    refunded = domain.settled(closed(captured()), Operation.REFUND, YES)
    assert (refunded.status, refunded.version) == (PaymentStatus.REFUNDED, 3)


def test_a_tombstone_is_bookkeeping_and_may_come_first() -> None:
    payment = closed(None)
    assert (payment.closed, payment.version, payment.amount, payment.unanswered) == (LATER, 0, None, None)
    assert closed(authorized()).version == authorized().version


def test_the_first_tombstone_stays() -> None:
    assert domain.close(closed(None), order_id="ord_1", now=LATER + timedelta(days=1)) == closed(None)


@pytest.mark.parametrize("payment", [None, asked(), authorized(), captured()])
def test_nothing_new_is_asked_of_a_closed_payment(payment: Payment | None) -> None:
    dead = closed(payment)
    with pytest.raises(PaymentClosed):
        domain.intend_authorize(dead, order_id="ord_1", amount=TOTAL, payment_method="pm_visa", now=NOW)
    with pytest.raises(PaymentClosed):
        domain.intend_capture(dead, now=NOW)
    with pytest.raises(PaymentClosed):
        domain.answered(dead, Operation.AUTHORIZE, YES)


@pytest.mark.parametrize(
    ("payment", "undo"), [(authorized(), Operation.VOID), (captured(), Operation.REFUND), (None, None)]
)
def test_closing_intends_to_undo_what_is_known(payment: Payment | None, undo: Operation | None) -> None:
    assert closed(payment).unanswered is undo


def test_nothing_is_undone_before_every_answer_is_known() -> None:
    """A hold with an unheard capture may be either; voiding it would be a guess."""
    payment = closed(domain.intend_capture(authorized(), now=NOW))
    assert payment.unanswered is Operation.CAPTURE
    assert Operation.VOID not in payment.intents
    assert domain.settled(payment, Operation.CAPTURE, YES).unanswered is Operation.REFUND
    assert domain.settled(payment, Operation.CAPTURE, NO).unanswered is Operation.VOID


def test_a_learnt_refusal_leaves_nothing_to_undo() -> None:
    payment = domain.settled(closed(asked()), Operation.AUTHORIZE, NO)
    assert (payment.status, payment.unanswered) == (PaymentStatus.DECLINED, None)


def test_a_refused_undo_is_no_answer_to_live_with() -> None:
    with pytest.raises(UndoRefused):
        domain.settled(closed(authorized()), Operation.VOID, NO)


def test_the_first_answer_stays() -> None:
    assert domain.answered(authorized(), Operation.AUTHORIZE, NO) == authorized()


@pytest.mark.parametrize("payment", [None, asked(), domain.answered(asked(), Operation.AUTHORIZE, NO)])
def test_only_what_is_held_can_be_captured(payment: Payment | None) -> None:
    with pytest.raises(NotAuthorized):
        domain.intend_capture(payment, now=NOW)


def test_a_failed_settlement_is_said_once_and_ends_with_the_money_given_back() -> None:
    failed = domain.settlement_failed(captured(), order_id="ord_1", reason="down", now=LATER)
    assert failed.settlement_failed
    assert failed.settlement_failed.reason == "refund failed: down"
    assert failed.settlement_failed.since == LATER
    assert failed.version == captured().version + 1
    assert domain.settlement_failed(failed, order_id="ord_1", reason="still down", now=LATER) == failed
    healed = domain.settled(failed, Operation.REFUND, YES)
    assert (healed.settlement_failed, healed.status) == (None, PaymentStatus.REFUNDED)


def test_a_failed_settlement_stays_visible_until_the_last_answer() -> None:
    payment = domain.intend_capture(authorized(), now=NOW)
    failed = domain.settlement_failed(payment, order_id="ord_1", reason="down", now=LATER)
    assert domain.settled(failed, Operation.CAPTURE, YES).settlement_failed


def test_a_failed_settlement_with_nothing_at_stake_is_only_a_tombstone() -> None:
    assert domain.settlement_failed(None, order_id="ord_1", reason="down", now=LATER) == closed(None)
