"""Compares the contents of each event with the rows. Every field except the id can be derived from them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from audit.evidence import Evidence, Notification, Recorded
from contracts.envelope import EventData, event_id
from contracts.events import EVENTS
from contracts.types import Money, rfc3339

_EVENTS: Mapping[str, type[EventData]] = {event.__name__: event for event in EVENTS}
# The gateway operation whose response each payment event reports.
_OPERATION = {
    "PaymentAuthorized": "authorize",
    "PaymentDeclined": "authorize",
    "PaymentCaptured": "capture",
    "PaymentVoided": "void",
    "PaymentRefunded": "refund",
}


def faults(evidence: Evidence) -> Iterator[str]:
    """Returns every difference, by order, event and field, with both values."""
    notified_by = {
        str(event_id(type_, one.pk, version)): one
        for one in evidence.notifications
        for version in range(1, one.version + 1)
        for type_ in ("NotificationSent", "NotificationFailed")
    }
    for event in sorted(evidence.timeline, key=lambda one: (one.order_id, one.at_event)):
        for what, found, expected in _differences(evidence, event, notified_by):
            yield (
                f"{event.order_id}: {event.type} {event.entity_version} says {what} {shown(found)}, "
                f"but it is {shown(expected)}"
            )


def _differences(
    evidence: Evidence, event: Recorded, notified_by: Mapping[str, Notification]
) -> Iterator[tuple[str, object, object]]:
    """Returns the fields of the event that differ: name, value found, value expected."""
    model = _EVENTS.get(event.type)
    if model is None:
        yield "type", event.type, "no event of the shop"
        return
    yield from _unequal(
        {"source": event.source, "version": event.version, "correlation_id": event.correlation_id},
        {"source": model.source, "version": model.version, "correlation_id": event.order_id},
    )
    try:
        stated = dict(model.model_validate(event.data))
    except ValidationError as error:
        names = sorted({".".join(map(str, wrong["loc"])) for wrong in error.errors(include_input=False)})
        yield "data", f"nothing readable as {', '.join(names)}", f"what {event.type} promises"
        return
    if "about_event_id" in stated:
        stated["about_event_id"] = str(stated["about_event_id"])
    facts = _facts(evidence, event, notified_by)
    at = facts.pop("at", None)
    if at is not None and at != event.occurred_at:
        yield "occurred_at", event.occurred_at, at
    if event.at_event != (key := f"{rfc3339(event.occurred_at)}#{event.event_id}"):
        yield "at_event", event.at_event, key
    yield from _unequal(stated, facts)


def _unequal(found: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[tuple[str, object, object]]:
    for name in found:
        if name in expected and found[name] != expected[name]:
            yield name, found[name], expected[name]


def _facts(evidence: Evidence, event: Recorded, notified_by: Mapping[str, Notification]) -> dict[str, Any]:
    """Returns the values that the rows give for the event's fields, and under `at` its time. Leaves out what the rows
    no longer contain."""
    match event.source:
        case "shop.order":
            return _of_order(evidence, event)
        case "shop.inventory":
            return _of_goods(evidence, event)
        case "shop.payment":
            return _of_payment(evidence, event)
    return _of_notification(event, notified_by)


def _of_order(evidence: Evidence, event: Recorded) -> dict[str, Any]:
    order = evidence.orders.get(event.order_id)
    if order is None:
        return {}
    names = ("order_id", "customer_id", "total", "lines", "payment_method", "placed_at")
    facts: dict[str, Any] = {name: getattr(order, name) for name in names}
    if event.type == "OrderReviewed":
        facts["decision"] = order.review
    if event.type in {"OrderRejected", "OrderCancelled"}:
        facts["reason"] = order.reason
    if event.type == "OrderNeedsAttention" and order.attention:
        facts["reason"] = order.attention.get("reason")
    if event.type == "OrderPlaced":
        facts["at"] = order.placed_at
    elif event.entity_version == order.version:
        facts["at"] = order.updated_at
    return facts


def _of_goods(evidence: Evidence, event: Recorded) -> dict[str, Any]:
    goods = evidence.reservations.get(event.order_id)
    if goods is None:
        return {}
    facts = {"order_id": goods.order_id, "lines": goods.lines, "short": goods.short}
    return {**facts, "at": goods.updated_at} if event.entity_version == goods.version else facts


def _of_payment(evidence: Evidence, event: Recorded) -> dict[str, Any]:
    payment = evidence.payments.get(event.order_id)
    if payment is None:
        return {}
    facts: dict[str, Any] = {
        "order_id": payment.order_id,
        "amount": payment.amount,
        "payment_method": payment.payment_method,
    }
    if answer := payment.answers.get(_OPERATION.get(event.type, "")):
        facts |= {"at": answer.at, "reason": answer.reason}
    elif event.type == "PaymentSettlementFailed" and payment.settlement_failed:
        facts["reason"] = payment.settlement_failed.get("reason")
    return facts


def _of_notification(event: Recorded, notified_by: Mapping[str, Notification]) -> dict[str, Any]:
    notification = notified_by.get(event.event_id)
    if notification is None:
        return {}
    facts: dict[str, Any] = {
        "order_id": notification.order_id,
        "channel": notification.channel,
        "about": notification.type,
        "about_event_id": notification.event_id,
    }
    if event.entity_version == notification.version and notification.status != "SENDING":
        facts |= {"at": notification.at, "kept": notification.status == "KEPT", "reason": notification.reason}
    return facts


def shown(value: object) -> str:
    """Returns a short text for a value of an event or a row."""
    match value:
        case datetime():
            return rfc3339(value)
        case Money():
            return f"{value.amount} {value.currency}"
        case BaseModel():
            return ", ".join(f"{name} {shown(field)}" for name, field in value)
        case tuple() | list():
            return f"[{'; '.join(map(shown, value))}]"
    return str(value)
