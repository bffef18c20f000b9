"""Events of the notify service. They name the order and the channel, never the address."""

from typing import ClassVar, Literal
from uuid import UUID

from contracts.envelope import EventData


class _NotificationEvent(EventData):
    source: ClassVar[str] = "shop.notify"

    order_id: str
    channel: Literal["email", "webhook"]
    about: str
    about_event_id: UUID


class NotificationSent(_NotificationEvent):
    """The customer was told. `kept`: no sender is verified, so the mail is stored and shown instead of sent."""

    kept: bool = False


class NotificationFailed(_NotificationEvent):
    """Every attempt to tell the customer failed."""

    reason: str
