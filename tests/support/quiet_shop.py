"""A shop that came to rest, as the audit reads it: one order for each way that checkout can end."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cli.audit import histories
from cli.audit.endings import Endings, Machine, Queue
from cli.audit.evidence import (
    CatalogueEntry,
    Charge,
    Counted,
    CounterRow,
    Evidence,
    Notification,
    Order,
    Payment,
    Product,
    Recorded,
    Reservation,
)
from cli.audit.histories import History
from contracts.envelope import event_id
from contracts.orders_stream import OrderStatus
from contracts.types import Goods, Money

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
THEN = NOW - timedelta(minutes=10)
_TOLD = {"OrderPlaced", "OrderHeldForReview", "OrderConfirmed", "OrderRejected", "OrderCancelled"}

CONFIRMED, SHORT, DECLINED, UNCAPTURED, CANCELLED, HELD = (f"ord_{n}" for n in range(1, 7))


def quiet_shop() -> Evidence:
    orders = [
        _order(CONFIRMED, OrderStatus.CONFIRMED, 2),
        _order(SHORT, OrderStatus.REJECTED, 2),
        _order(DECLINED, OrderStatus.REJECTED, 2),
        _order(UNCAPTURED, OrderStatus.REJECTED, 2),
        _order(CANCELLED, OrderStatus.CANCELLED, 3),
        _order(HELD, OrderStatus.AWAITING_REVIEW, 2),
    ]
    reservations = [
        _reservation(CONFIRMED, "COMMITTED", 2),
        _reservation(SHORT, "REJECTED", 1),
        _reservation(DECLINED, "RELEASED", 2),
        _reservation(UNCAPTURED, "RELEASED", 2),
        _reservation(CANCELLED, "RETURNED", 3),
        _reservation(HELD, "RESERVED", 1),
    ]
    payments = [
        _payment(CONFIRMED, "CAPTURED", 2),
        _payment(SHORT, "UNPAID", 0),
        _payment(DECLINED, "DECLINED", 1),
        _payment(UNCAPTURED, "VOIDED", 2),
        _payment(CANCELLED, "REFUNDED", 3),
        _payment(HELD, "AUTHORIZED", 1),
    ]
    charges = [
        charge(CONFIRMED, captured=2900),
        charge(DECLINED, authorized=0),
        charge(UNCAPTURED, voided=True),
        charge(CANCELLED, captured=2900, refunded=2900),
        charge(HELD),
    ]
    timeline = [
        *_events("shop.order", {order.order_id: _only(histories.of_order(order)) for order in orders}),
        *_events("shop.inventory", {one.order_id: _only(histories.of_reservation(one)) for one in reservations}),
        *_events("shop.payment", {one.order_id: _only(histories.of_payment(one)) for one in payments}),
    ]
    notifications = [notification(event) for event in timeline if event.type in _TOLD]
    timeline += [
        recorded("shop.notify", one.order_id, "NotificationSent", 1, entity_id=one.pk) for one in notifications
    ]
    # Cancelled after it was confirmed: that was a purchase too.
    purchases = [f"purchase#{event_id('OrderConfirmed', order_id, 2)}#MUG" for order_id in (CONFIRMED, CANCELLED)]
    minute = THEN.replace(second=0)
    return Evidence(
        at=NOW,
        orders={order.order_id: order for order in orders},
        replica={"MUG": CatalogueEntry(sku="MUG", name="Mug", price=Money(amount=1450), version=3)},
        timeline=tuple(timeline),
        products={"MUG": Product(sku="MUG", name="Mug", price=Money(amount=1450), version=3, available=96, reserved=2)},
        restocked={"MUG": 100},
        reservations={one.order_id: one for one in reservations},
        payments={one.order_id: one for one in payments},
        charges={one.order_id: one for one in charges},
        notifications=tuple(notifications),
        counted={
            **{key: Counted(counter="purchases", sku="MUG", minute=minute) for key in purchases},
            "click#1": Counted(counter="views", sku="MUG", minute=minute),
            "click#2": Counted(counter="views", sku="MUG", minute=minute),
        },
        counters=(
            CounterRow(pk=f"hour#{minute:%Y-%m-%dT%H}", sk=f"{minute:%M}#MUG", views=2, purchases=2),
            CounterRow(pk=f"day#{minute:%Y-%m-%d}", sk=f"{minute:%H}#MUG", views=2, purchases=2),
        ),
        endings=Endings(
            machines=(
                Machine("Workflows/Checkout", express=False),
                Machine("Workflows/Review", express=False, running=1),
            ),
            queues=(Queue("Order/TimelineQueue", 0, final=False), Queue("Order/TimelineDeadLetters", 0, final=True)),
            failed_batches=(),
        ),
    )


def changed(evidence: Evidence, **tables: Any) -> Evidence:
    """Tables that are mappings get these rows (None takes one away); others are replaced."""
    merged = {}
    for name, rows in tables.items():
        before = getattr(evidence, name)
        if isinstance(before, Mapping) and isinstance(rows, Mapping):
            rows = {key: row for key, row in {**before, **rows}.items() if row is not None}  # noqa: PLW2901
        merged[name] = rows
    return replace(evidence, **merged)


def charge(
    order_id: str, *, authorized: int = 2900, captured: int = 0, refunded: int = 0, voided: bool = False
) -> Charge:
    answers = {f"{order_id}:capture": {"amount": captured}} if captured else {}
    return Charge(
        order_id=order_id,
        currency="USD",
        authorized=authorized,
        captured=captured,
        refunded=refunded,
        voided=voided,
        answers=answers,
    )


def recorded(source: str, order_id: str, type_: str, version: int, *, entity_id: str | None = None) -> Recorded:
    return Recorded(
        order_id=order_id,
        source=source,
        type=type_,
        event_id=str(event_id(type_, entity_id or order_id, version)),
        entity_version=version,
        occurred_at=THEN + timedelta(seconds=version),
    )


def with_webhook(evidence: Evidence, since: datetime = THEN) -> Evidence:
    """The same shop, which posted everything from then on."""
    about = [event for event in evidence.timeline if event.type in _TOLD and event.occurred_at >= since]
    posted = [notification(event, "webhook") for event in about]
    said = [recorded("shop.notify", one.order_id, "NotificationSent", 1, entity_id=one.pk) for one in posted]
    return replace(
        evidence,
        notifications=(*evidence.notifications, *posted),
        timeline=(*evidence.timeline, *said),
        webhook_since=since,
    )


def notification(about: Recorded, channel: str = "email") -> Notification:
    return Notification(
        pk=f"{about.event_id}#{channel}",
        channel=channel,
        event_id=about.event_id,
        type=about.type,
        entity_version=about.entity_version,
        order_id=about.order_id,
        status="KEPT" if channel == "email" else "SENT",
        at=about.occurred_at + timedelta(milliseconds=300),
        version=1,
    )


def _order(order_id: str, status: OrderStatus, version: int) -> Order:
    return Order(
        pk=f"order#{order_id}",
        order_id=order_id,
        customer_id="customer",
        status=status,
        total=Money(amount=2900),
        lines=(Goods(sku="MUG", quantity=2),),
        version=version,
    )


def _reservation(order_id: str, status: Any, version: int) -> Reservation:
    return Reservation(order_id=order_id, status=status, lines=(Goods(sku="MUG", quantity=2),), version=version)


def _payment(order_id: str, status: Any, version: int) -> Payment:
    return Payment(order_id=order_id, status=status, version=version)


def _only(allowed: Sequence[History]) -> History:
    """The history of these orders: CANCELLED at version 3 was confirmed before."""
    return next((history for history in allowed if ("OrderConfirmed",) in history), allowed[0])


def _events(source: str, of: Mapping[str, History]) -> list[Recorded]:
    return [
        recorded(source, order_id, type_, version)
        for order_id, history in of.items()
        for version, change in enumerate(history, start=1)
        for type_ in change
    ]
