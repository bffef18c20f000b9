"""The interface of a payment gateway.

Every call has an idempotency key. A gateway carries out a key at most once, and returns its first answer to a repeated
key. So a caller that missed the answer may repeat the call.
"""

from typing import Protocol

from contracts.types import Money, Value


class Receipt(Value):
    """The gateway carried out the call: the amount that was held, taken or given back."""

    amount: Money


class GatewayUnavailable(Exception):
    """The gateway did nothing. Repeat the call with the same key."""


class GatewayTimeout(Exception):
    """The answer was lost, and the gateway may have carried out the call. Repeat it with the same key."""


class Refused(Exception):
    """The gateway's final refusal of this key. The message is its reason."""


class Declined(Refused):
    """The card's issuer declined the amount."""


class CaptureRefused(Refused):
    """The authorization cannot be captured, or no longer."""


class VoidRefused(Refused):
    """There is no authorization to void: it was captured, or never given."""


class RefundRefused(Refused):
    """The refund would exceed the captured amount."""


class Gateway(Protocol):
    """`charge_id` is the caller's id of one payment. All methods raise GatewayUnavailable, GatewayTimeout."""

    def authorize(self, key: str, charge_id: str, amount: Money, payment_method: str) -> Receipt:
        """Holds the amount. Raises Declined."""

    def capture(self, key: str, charge_id: str) -> Receipt:
        """Takes the whole held amount. Raises CaptureRefused, always after a void."""

    def void(self, key: str, charge_id: str) -> Receipt:
        """Releases the held amount. Raises VoidRefused, always after a capture."""

    def refund(self, key: str, charge_id: str, amount: Money) -> Receipt:
        """Gives back a captured amount. Raises RefundRefused."""
