"""Events of the payment service."""

from typing import ClassVar

from contracts.envelope import EventData
from contracts.types import Money


class _PaymentEvent(EventData):
    source: ClassVar[str] = "shop.payment"

    order_id: str
    amount: Money


class PaymentAuthorized(_PaymentEvent):
    """The payment gateway holds the amount on the customer's card."""

    payment_method: str


class PaymentDeclined(_PaymentEvent):
    """The payment gateway refused to authorize the amount."""

    payment_method: str
    reason: str


class PaymentCaptured(_PaymentEvent):
    """The customer was charged."""


class PaymentVoided(_PaymentEvent):
    """An authorization was cancelled before anything was charged."""


class PaymentRefunded(_PaymentEvent):
    """The amount that had been charged was refunded."""


class PaymentSettlementFailed(_PaymentEvent):
    """The payment of a closed order could not be given back in several attempts. A person must look at it."""

    reason: str
