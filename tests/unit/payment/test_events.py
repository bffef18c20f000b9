"""What others hear of a payment: each change of status once, intents and tombstones never."""

from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.types import Money
from payment import domain
from payment.domain import Answer, Operation, Payment
from payment.events import events_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)
TOTAL = Money(amount=4200)
YES = Answer(approved=True, amount=TOTAL, at=LATER)
NO = Answer(approved=False, reason="insufficient_funds", at=LATER)

ASKED = domain.intend_authorize(None, order_id="ord_1", amount=TOTAL, payment_method="pm_visa", now=NOW)
DECLINED = domain.answered(ASKED, Operation.AUTHORIZE, NO)
AUTHORIZED = domain.answered(ASKED, Operation.AUTHORIZE, YES)
CAPTURING = domain.intend_capture(AUTHORIZED, now=NOW)
REFUSED = domain.answered(CAPTURING, Operation.CAPTURE, NO)
CAPTURED = domain.answered(CAPTURING, Operation.CAPTURE, YES)
TOMBSTONE = domain.close(None, order_id="ord_1", now=NOW)
TO_VOID = domain.close(AUTHORIZED, order_id="ord_1", now=NOW)
VOIDED = domain.settled(TO_VOID, Operation.VOID, YES)
TO_REFUND = domain.close(CAPTURED, order_id="ord_1", now=NOW)
REFUNDED = domain.settled(TO_REFUND, Operation.REFUND, YES)
FAILED = domain.settlement_failed(TO_REFUND, order_id="ord_1", reason="down", now=LATER)
HEALED = domain.settled(FAILED, Operation.REFUND, YES)


def image(payment: Payment | None) -> dict[str, Any] | None:
    return payment.model_dump(mode="json", exclude_none=True) if payment else None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, ASKED),
        (AUTHORIZED, CAPTURING),
        (CAPTURING, REFUSED),
        (None, TOMBSTONE),
        (AUTHORIZED, TO_VOID),
        (CAPTURED, TO_REFUND),
        (CAPTURED, None),
    ],
)
def test_bookkeeping_says_nothing(before: Payment | None, after: Payment | None) -> None:
    assert events_of(image(before), image(after)) == []


@pytest.mark.parametrize(
    ("before", "after", "event", "says"),
    [
        (ASKED, AUTHORIZED, "PaymentAuthorized", {"payment_method": "pm_visa"}),
        (ASKED, DECLINED, "PaymentDeclined", {"payment_method": "pm_visa", "reason": "insufficient_funds"}),
        (CAPTURING, CAPTURED, "PaymentCaptured", {}),
        (TO_VOID, VOIDED, "PaymentVoided", {}),
        (TO_REFUND, REFUNDED, "PaymentRefunded", {}),
        (TO_REFUND, FAILED, "PaymentSettlementFailed", {"reason": "refund failed: down"}),
        (FAILED, HEALED, "PaymentRefunded", {}),
    ],
)
def test_each_change_is_said_once(before: Payment, after: Payment, event: str, says: dict[str, str]) -> None:
    [told] = events_of(image(before), image(after))
    assert (told.source, told.type) == ("shop.payment", event)
    assert told.data.model_dump() == {"order_id": "ord_1", "amount": TOTAL.model_dump(), **says}
    assert (told.correlation_id, told.entity_version, told.occurred_at) == ("ord_1", after.version, LATER)


def test_a_repeated_record_gives_the_same_event() -> None:
    assert events_of(image(ASKED), image(AUTHORIZED)) == events_of(image(ASKED), image(AUTHORIZED))
