"""Events of the notify service. They contain the order and the channel, but no address."""

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
    """The notification was sent or, if `kept`, only stored, because SES has no verified sender or may not send it."""

    kept: bool = False


class NotificationFailed(_NotificationEvent):
    """Every attempt to send the notification failed, or the customer has no address."""

    reason: str
