"""The events of a notification's outcome. Pure functions of its old and new image."""

from typing import Any

from contracts.envelope import Envelope, EventData, envelop
from contracts.notify import NotificationFailed, NotificationSent
from notify.domain import Notification, Status
from shopkit.types import Image


def events_of(old: Image | None, new: Image | None) -> list[Envelope[Any]]:
    """Returns the event of one change: none for an intent to send, which leaves the version unchanged."""
    if new is None or new["version"] == (old["version"] if old else 0):
        return []
    after = Notification.model_validate(new)
    return [
        envelop(
            _meaning(after),
            entity_id=new["pk"],
            entity_version=after.version,
            occurred_at=after.at,
            correlation_id=after.order_id,
        )
    ]


def _meaning(after: Notification) -> EventData:
    common: dict[str, Any] = {
        "order_id": after.order_id,
        "channel": after.channel,
        "about": after.type,
        "about_event_id": after.event_id,
    }
    if after.status is Status.FAILED:
        return NotificationFailed(**common, reason=after.reason or "unknown")
    return NotificationSent(**common, kept=after.status is Status.KEPT)
