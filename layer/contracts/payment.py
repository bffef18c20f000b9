"""Events of the payment service."""

from typing import ClassVar

from contracts.envelope import EventData
from contracts.types import Money


class _PaymentEvent(EventData):
    source: ClassVar[str] = "shop.payment"

    order_id: str
    amount: Money


class PaymentAuthorized(_PaymentEvent):
    """The gateway holds the amount on the customer's card."""

    payment_method: str


class PaymentDeclined(_PaymentEvent):
    """The gateway refused to authorize the amount."""

    payment_method: str
    reason: str


class PaymentCaptured(_PaymentEvent):
    """The customer is charged."""


class PaymentVoided(_PaymentEvent):
    """An authorization was given back before anything was charged."""


class PaymentRefunded(_PaymentEvent):
    """What had been charged was given back."""


class PaymentSettlementFailed(_PaymentEvent):
    """Money of a closed order could not be given back within the queue's attempts: a person must look."""

    reason: str
