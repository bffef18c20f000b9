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
    """The channel took it. `kept`: SES has no verified sender, or may not send it, so it is stored and shown."""

    kept: bool = False


class NotificationFailed(_NotificationEvent):
    """Every attempt on this channel failed, or the customer has no address."""

    reason: str
