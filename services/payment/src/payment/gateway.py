"""What the payment service asks of a payment gateway, and how a gateway can answer.

Every call carries a gateway key. A gateway carries a key out at most once and answers a repeated key with its first
answer, so that a caller who did not hear the answer may ask again.
"""

from typing import Protocol

from contracts.types import Money, Value


class Receipt(Value):
    """The gateway did it: so much was held, taken or given back."""

    amount: Money


class GatewayUnavailable(Exception):
    """The gateway did nothing now. Ask again with the same key."""


class GatewayTimeout(Exception):
    """The answer was lost: the gateway may have done it. Ask again with the same key."""


class Refused(Exception):
    """The gateway's final no to this key; the message is its reason."""


class Declined(Refused):
    """The card's issuer does not grant the amount."""


class CaptureRefused(Refused):
    """What was authorized cannot be taken, or no longer."""


class VoidRefused(Refused):
    """There is no authorization left to give up: it was captured, or never given."""


class RefundRefused(Refused):
    """More would be given back than was taken."""


class Gateway(Protocol):
    """`charge_id` is the caller's name for one payment. All raise GatewayUnavailable, GatewayTimeout."""

    def authorize(self, key: str, charge_id: str, amount: Money, payment_method: str) -> Receipt:
        """Holds the amount. Raises Declined."""

    def capture(self, key: str, charge_id: str) -> Receipt:
        """Takes the whole amount held. Raises CaptureRefused, always so after a void."""

    def void(self, key: str, charge_id: str) -> Receipt:
        """Gives up the hold. Raises VoidRefused, always so after a capture."""

    def refund(self, key: str, charge_id: str, amount: Money) -> Receipt:
        """Gives back what was taken. Raises RefundRefused."""
