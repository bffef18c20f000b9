"""6. Customers were told of each event once per channel, and in the order in which it happened."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from cli.audit.evidence import Evidence, Notification, Recorded
from cli.audit.result import CheckResult
from cli.format import count

_TOLD = {"OrderPlaced", "OrderHeldForReview", "OrderConfirmed", "OrderRejected", "OrderCancelled"}
_CHANNELS = ("email", "webhook")


def check(evidence: Evidence) -> CheckResult:
    outcomes = Counter(notification.status.lower() for notification in evidence.notifications)
    parts = ", ".join(f"{number:,} {status}" for status, number in sorted(outcomes.items()))
    figures = f"{count(len(evidence.notifications), 'notification')}{': ' + parts if parts else ''}"
    return CheckResult(6, "notifications", figures, tuple(_faults(evidence)))


def _faults(evidence: Evidence) -> Iterator[str]:
    times = Counter((notification.event_id, notification.channel) for notification in evidence.notifications)
    for event in evidence.timeline:
        for channel in _CHANNELS:
            told = times[event.event_id, channel]
            if event.type in _TOLD and (told > 1 or (told == 0 and _owed(evidence, channel, event))):
                yield f"{event.order_id}: {told} × {channel} about {event.type}"
    for notification in evidence.notifications:
        if notification.status == "SENDING":
            yield f"{notification.order_id}: whether {notification.type} was sent by {notification.channel} is unknown"
    yield from _out_of_order(evidence.notifications)


def _owed(evidence: Evidence, channel: str, event: Recorded) -> bool:
    """Nobody posts what happened before the webhook was turned on."""
    since = evidence.webhook_since
    return channel == "email" or (since is not None and event.occurred_at >= since)


def _out_of_order(notifications: tuple[Notification, ...]) -> Iterator[str]:
    """Only first outcomes: what failed and was redriven comes late, and rightly so."""
    by_order: dict[tuple[str, str], list[Notification]] = {}
    for notification in notifications:
        if notification.version == 1:
            by_order.setdefault((notification.order_id, notification.channel), []).append(notification)
    for (order_id, channel), told in sorted(by_order.items()):
        for earlier, later in pairwise(sorted(told, key=lambda one: one.at)):
            if earlier.entity_version > later.entity_version:
                yield f"{order_id}: {channel} about {earlier.type} came before the one about {later.type}"
