"""The events of a change of a payment. Pure functions of its old and new image."""

from typing import Any

from contracts.envelope import Envelope, EventData, envelop
from contracts.payment import (
    PaymentAuthorized,
    PaymentCaptured,
    PaymentDeclined,
    PaymentRefunded,
    PaymentSettlementFailed,
    PaymentVoided,
)
from payment.domain import Operation, Payment, PaymentStatus
from shopkit.types import Image

_EVENT_OF: dict[PaymentStatus, type[EventData]] = {
    PaymentStatus.AUTHORIZED: PaymentAuthorized,
    PaymentStatus.DECLINED: PaymentDeclined,
    PaymentStatus.CAPTURED: PaymentCaptured,
    PaymentStatus.VOIDED: PaymentVoided,
    PaymentStatus.REFUNDED: PaymentRefunded,
}


def events_of(old: Image | None, new: Image | None) -> list[Envelope[Any]]:
    """Returns the event of one change: none for intents and tombstones, which leave the version unchanged."""
    if new is None:
        return []
    after = Payment.model_validate(new)
    before = Payment.model_validate(old) if old else None
    if after.version == (before.version if before else 0):
        return []
    return [
        envelop(
            _data_of(before, after),
            entity_id=after.order_id,
            entity_version=after.version,
            occurred_at=after.updated_at,
            correlation_id=after.order_id,
        )
    ]


def _data_of(before: Payment | None, after: Payment) -> EventData:
    """Returns the data of the event. A new version means a new status, or a failed settlement."""
    facts = {"order_id": after.order_id, "amount": after.amount, "payment_method": after.payment_method}
    if before and before.status is after.status:
        failure = after.settlement_failed
        return PaymentSettlementFailed.model_validate({**facts, "reason": failure and failure.reason})
    authorization = after.answers.get(Operation.AUTHORIZE)
    return _EVENT_OF[after.status].model_validate({**facts, "reason": authorization and authorization.reason})
