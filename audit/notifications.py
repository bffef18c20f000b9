"""6. Each event was notified to its customer once per channel, and in the order in which the events happened."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from audit.evidence import Evidence, Notification, Recorded
from audit.people import Customer
from audit.result import CheckResult
from deployed.words import count

_TOLD = {"OrderPlaced", "OrderHeldForReview", "OrderConfirmed", "OrderRejected", "OrderCancelled"}
_CHANNELS = ("email", "webhook")


def check(evidence: Evidence) -> CheckResult:
    outcomes = Counter(notification.status.lower() for notification in evidence.notifications)
    parts = ", ".join(f"{number:,} {status}" for status, number in sorted(outcomes.items()))
    figures = f"{count(len(evidence.notifications), 'notification')}{': ' + parts if parts else ''}"
    return CheckResult(6, "notifications", figures, tuple(_faults(evidence)), remedy="./shop mail ORDER")


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
    yield from _misdirected(evidence)
    yield from _out_of_order(evidence.notifications)


def _misdirected(evidence: Evidence) -> Iterator[str]:
    """Checks that each notification is about an event that happened, and goes to the customer of that order."""
    events = {event.event_id: event for event in evidence.timeline}
    for one in sorted(evidence.notifications, key=lambda one: (one.order_id, one.entity_version, one.channel)):
        name = f"{one.order_id}: {one.channel} about {one.type}"
        if one.channel not in _CHANNELS or one.type not in _TOLD:
            yield f"{name}: nobody is told so"
        if one.pk != (key := f"{one.event_id}#{one.channel}"):
            yield f"{name}: its key is {one.pk}, not {key}"
        event = events.get(one.event_id)
        if event is None:
            yield f"{name}: there was no such event ({one.event_id})"
        elif (said := (one.order_id, one.type, one.entity_version)) != (
            happened := (event.order_id, event.type, event.entity_version)
        ):
            yield f"{name}: it tells of {_words(said)}, but its event is {_words(happened)}"
        order = evidence.orders.get(one.order_id)
        if order and one.customer_id != order.customer_id:
            yield f"{name}: to customer {one.customer_id}, but the order is {order.customer_id}'s"
        if one.channel == "email" and one.status in {"SENT", "KEPT"}:
            yield from _misaddressed(name, one, evidence.customers.get(one.customer_id))


def _misaddressed(name: str, mail: Notification, customer: Customer | None) -> Iterator[str]:
    """Compares addresses only if the account has not changed since, because a customer may leave or change their
    address."""
    if customer and customer.since <= mail.at and mail.to != customer.email:
        yield f"{name}: it went to {mail.to}, but its customer's address is {customer.email}"
    if mail.message_id != (expected := f"<{mail.event_id}.email@cartwheel.invalid>"):
        yield f"{name}: its message id is {mail.message_id}, not {expected}"
    if mail.order_id not in (mail.text or ""):
        yield f"{name}: its text does not name the order"


def _words(said: tuple[str, str, int]) -> str:
    return " ".join(map(str, said))


def _owed(evidence: Evidence, channel: str, event: Recorded) -> bool:
    """Returns the missing notifications. The webhook does not post events from before it was turned on."""
    since = evidence.webhook_since
    return channel == "email" or (since is not None and event.occurred_at >= since)


def _out_of_order(notifications: tuple[Notification, ...]) -> Iterator[str]:
    """Compares only first outcomes, because a notification that failed and was redriven is rightly late."""
    by_order: dict[tuple[str, str], list[Notification]] = {}
    for notification in notifications:
        if notification.version == 1:
            by_order.setdefault((notification.order_id, notification.channel), []).append(notification)
    for (order_id, channel), told in sorted(by_order.items()):
        for earlier, later in pairwise(sorted(told, key=lambda one: one.at)):
            if earlier.entity_version > later.entity_version:
                yield f"{order_id}: {channel} about {earlier.type} came before the one about {later.type}"
