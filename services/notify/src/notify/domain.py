"""Notifications and their outcomes. Pure rules: no AWS, no clock."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from contracts.envelope import Envelope
from contracts.types import Timestamp, Value

type Channel = Literal["email", "webhook"]


class Status(StrEnum):
    """SENDING: about to be handed to SES or to the endpoint, or handed over but not yet recorded. The others are
    outcomes."""

    SENDING = "SENDING"
    SENT = "SENT"
    KEPT = "KEPT"
    FAILED = "FAILED"


class Mail(Value):
    """A rendered mail. `message_id` is the same however often the mail is sent."""

    message_id: str
    to: str
    subject: str
    text: str
    html: str


class Notification(Value):
    """A message to a customer about one event through one channel, sent or about to be.

    `type`, `event_id` and `entity_version` are the event's. `version` counts outcomes: 0 for an intent to send, 2 for a
    failed attempt that is redriven later. `mail` is absent until it is rendered, and always for a webhook, which sends
    the event itself. `receipt` is the recipient's response: SES's id of the mail, or the endpoint's status code."""

    channel: Channel
    event_id: UUID
    type: str
    entity_version: int
    order_id: str
    customer_id: str
    status: Status
    mail: Mail | None = None
    receipt: str | None = None
    reason: str | None = None
    at: Timestamp
    version: int = 0

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.status in {Status.SENT, Status.KEPT}


class Undelivered(Exception):
    """The recipient did not accept it. The message is published on the bus, so it must not contain an address."""


def about(event: Envelope[Any], channel: Channel, now: datetime) -> Notification:
    """Returns the notification for an order's event, not yet rendered."""
    return Notification(
        channel=channel,
        event_id=event.event_id,
        type=event.type,
        entity_version=event.entity_version,
        order_id=event.data.order_id,
        customer_id=event.data.customer_id,
        status=Status.SENDING,
        at=now,
    )


def message_id(event_id: UUID) -> str:
    """Returns an id in the form of RFC 5322, section 3.6.4."""
    return f"<{event_id}.email@cartwheel.invalid>"


def sending(notification: Notification, mail: Mail | None, now: datetime) -> Notification:
    """Returns the intent to send, which is recorded before the attempt. It is no outcome, so the version stays."""
    return notification.model_copy(update={"status": Status.SENDING, "mail": mail, "at": now})


def sent(notification: Notification, receipt: str, now: datetime) -> Notification:
    return _ended(notification, Status.SENT, now, receipt=receipt)


def kept(notification: Notification, reason: str, now: datetime) -> Notification:
    """The mail is only stored and shown, because SES may not send it."""
    return _ended(notification, Status.KEPT, now, reason=reason)


def failed(notification: Notification, reason: str, now: datetime) -> Notification:
    """Failing again for the same reason changes nothing."""
    if notification.status is Status.FAILED and notification.reason == reason:
        return notification
    return _ended(notification, Status.FAILED, now, reason=reason)


def _ended(notification: Notification, status: Status, now: datetime, **how: str) -> Notification:
    return notification.model_copy(
        update={"status": status, "at": now, "version": notification.version + 1, "reason": None, **how}
    )
