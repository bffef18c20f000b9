"""A quiet shop as the audit reads it: one order for each way in which checkout can end."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from audit import histories
from audit.endings import Endings, Machine, Queue
from audit.evidence import (
    Answered,
    CatalogueEntry,
    Charge,
    Clicked,
    CountsRow,
    Evidence,
    Notification,
    Order,
    Payment,
    Product,
    Recorded,
    Reservation,
    Restock,
)
from audit.histories import History
from audit.people import Customer
from audit.wiring import Alarm, Part, Rule, Target, Wiring
from audit.wiring import Mapping as Trigger
from contracts.envelope import event_id
from contracts.orders_stream import OrderStatus
from contracts.types import Goods, Money, OrderLine, rfc3339

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
THEN = NOW - timedelta(minutes=10)
_TOLD = {"OrderPlaced", "OrderHeldForReview", "OrderConfirmed", "OrderRejected", "OrderCancelled"}

CONFIRMED, SHORT, DECLINED, UNCAPTURED, CANCELLED, HELD = (f"ord_{n}" for n in range(1, 7))
CUSTOMER = "customer"
QUEUE, DEAD_LETTERS = "arn:aws:sqs:here:1:timeline", "arn:aws:sqs:here:1:timeline-dead"
STREAM = "arn:aws:dynamodb:here:1:table/orders/stream/now"

_METHODS = {DECLINED: "pm_declined", UNCAPTURED: "pm_capture_fails", HELD: "pm_review"}
_FIRST = {"sku": "MUG", "name": "Cup", "price": Money(amount=1400), "version": 1}
MUG = Product(sku="MUG", name="Mug", price=Money(amount=1450), version=3, catalogue="all", available=96, reserved=2)


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
        _payment(CONFIRMED, "CAPTURED", 2, "authorize", "capture"),
        _payment(SHORT, "UNPAID", 0, closed=True),
        _payment(DECLINED, "DECLINED", 1, "authorize", closed=True),
        _payment(UNCAPTURED, "VOIDED", 2, "authorize", "capture", "void", closed=True),
        _payment(CANCELLED, "REFUNDED", 3, "authorize", "capture", "refund", closed=True),
        _payment(
            HELD,
            "AUTHORIZED",
            1,
            "authorize",
        ),
    ]
    charges = [
        charge(CONFIRMED, captured=2900),
        charge(DECLINED, authorized=0, method="pm_declined"),
        charge(UNCAPTURED, voided=True, method="pm_capture_fails"),
        charge(CANCELLED, captured=2900, refunded=2900),
        charge(HELD, method="pm_review"),
    ]
    timeline = [
        *_events("shop.order", [(one, histories.of_order(one)) for one in orders]),
        *_events("shop.inventory", [(one, histories.of_reservation(one)) for one in reservations]),
        *_events("shop.payment", [(one, histories.of_payment(one)) for one in payments]),
    ]
    notifications = [notification(event) for event in timeline if event.type in _TOLD]
    timeline += [recorded_outcome(one) for one in notifications]
    # Cancelled after it was confirmed, so it was a purchase too.
    purchases = frozenset(str(event_id("OrderConfirmed", order_id, 2)) for order_id in (CONFIRMED, CANCELLED))
    minute = THEN.replace(second=0)
    return Evidence(
        at=NOW,
        orders={order.order_id: order for order in orders},
        replica={"MUG": CatalogueEntry(sku="MUG", name="Mug", price=Money(amount=1450), version=3)},
        timeline=tuple(timeline),
        products={"MUG": MUG},
        restocks=(restock(60), restock(40)),
        reservations={one.order_id: one for one in reservations},
        payments={one.order_id: one for one in payments},
        charges={one.order_id: one for one in charges},
        notifications=tuple(notifications),
        clicks={("visitor", id_): Clicked("views", "MUG", minute) for id_ in ("click-1", "click-2")},
        counters=(
            _counts(minute, "shardId-000000000000", frozenset({"record"}), "views"),
            _counts(minute, "purchases-0", purchases, "purchases"),
        ),
        endings=Endings(
            machines=(
                Machine("Workflows/Checkout", express=False),
                Machine("Workflows/Review", express=False, running=1),
            ),
            queues=(
                Queue("Order/TimelineQueue", 0, final=False, arn=QUEUE, buries_in=DEAD_LETTERS),
                Queue("Order/TimelineDeadLetters", 0, final=True, arn=DEAD_LETTERS),
            ),
            failed_batches=(),
        ),
        wiring=Wiring(
            mappings=(
                Trigger("trigger", "Order/RecordTimelineMessages", "Enabled", QUEUE),
                Trigger("trigger", "Order/RelayStream", "Enabled", STREAM),
            ),
            rules=(
                Rule("rule", "Order/TimelineRule", "ENABLED", (Target(QUEUE, DEAD_LETTERS),)),
                Rule("rule", "Order/ReconcileSchedule", "ENABLED", (Target("arn:aws:lambda:here:1:function:r", None),)),
            ),
            alarms=(Alarm("alarm", "Order/AttentionAlarm", "on"),),
            parts=(
                Part("table", "Order/Orders", STREAM),
                Part("table", "Order/Timeline", "no stream"),
                Part("archive", "Archive", "ENABLED"),
                Part("subscription", "Notify/EmailSubscription", "on"),
                Part("function", "Order/Place", "on"),
                Part("workflow", "Workflows/Checkout", "ACTIVE"),
                Part("stream", "Clickstream/Clicks", "ACTIVE"),
            ),
        ),
        customers={CUSTOMER: Customer("customer-1@example.com", THEN - timedelta(days=1))},
    )


def changed(evidence: Evidence, **tables: Any) -> Evidence:
    """Returns the evidence with changes. Tables that are mappings get these rows (None removes one); others are
    replaced."""
    merged = {}
    for name, rows in tables.items():
        before = getattr(evidence, name)
        if isinstance(before, Mapping) and isinstance(rows, Mapping):
            rows = {key: row for key, row in {**before, **rows}.items() if row is not None}  # noqa: PLW2901
        merged[name] = rows
    return replace(evidence, **merged)


def charge(
    order_id: str,
    *,
    authorized: int = 2900,
    captured: int = 0,
    refunded: int = 0,
    voided: bool = False,
    method: str = "pm_visa",
) -> Charge:
    moved = {"authorize": authorized, "capture": captured, "void": authorized * voided, "refund": refunded}
    return Charge(
        order_id=order_id,
        amount=2900,
        currency="USD",
        payment_method=method,
        authorized=authorized,
        captured=captured,
        refunded=refunded,
        voided=voided,
        answers={f"{order_id}:{operation}": {"amount": amount} for operation, amount in moved.items() if amount},
    )


def restock(quantity: int, **product: Any) -> Restock:
    return Restock(sku="MUG", quantity=quantity, product=CatalogueEntry(**{**_FIRST, **product}))


def recorded(source: str, order_id: str, type_: str, version: int, data: Mapping[str, Any] | None = None) -> Recorded:
    """Returns an event as recorded, about the entity with the order's id."""
    return _recorded(source, order_id, type_, str(event_id(type_, order_id, version)), version, data or {})


def recorded_outcome(outcome: Notification) -> Recorded:
    """Returns the events of the notify service about it."""
    data = {
        "order_id": outcome.order_id,
        "channel": outcome.channel,
        "about": outcome.type,
        "about_event_id": outcome.event_id,
        "kept": outcome.status == "KEPT",
    }
    id_ = str(event_id("NotificationSent", outcome.pk, outcome.version))
    event = _recorded("shop.notify", outcome.order_id, "NotificationSent", id_, outcome.version, data)
    return event.model_copy(update={"occurred_at": outcome.at, "at_event": f"{rfc3339(outcome.at)}#{id_}"})


def _recorded(source: str, order_id: str, type_: str, id_: str, version: int, data: Mapping[str, Any]) -> Recorded:
    at = THEN + timedelta(seconds=version)
    return Recorded(
        order_id=order_id,
        at_event=f"{rfc3339(at)}#{id_}",
        source=source,
        type=type_,
        event_id=id_,
        version=1,
        correlation_id=order_id,
        entity_version=version,
        occurred_at=at,
        data=data,
    )


def with_webhook(evidence: Evidence, since: datetime = THEN) -> Evidence:
    """The same shop with a webhook, which posted everything from then on."""
    about = [event for event in evidence.timeline if event.type in _TOLD and event.occurred_at >= since]
    posted = [notification(event, "webhook") for event in about]
    said = [recorded_outcome(one) for one in posted]
    return replace(
        evidence,
        notifications=(*evidence.notifications, *posted),
        timeline=(*evidence.timeline, *said),
        webhook_since=since,
    )


def notification(about: Recorded, channel: str = "email") -> Notification:
    mail = {
        "message_id": f"<{about.event_id}.email@cartwheel.invalid>",
        "to": "customer-1@example.com",
        "text": f"Order {about.order_id}",
    }
    return Notification(
        pk=f"{about.event_id}#{channel}",
        channel=channel,
        event_id=about.event_id,
        type=about.type,
        entity_version=about.entity_version,
        order_id=about.order_id,
        customer_id=CUSTOMER,
        status="KEPT" if channel == "email" else "SENT",
        at=about.occurred_at + timedelta(milliseconds=300),
        version=1,
        **(mail if channel == "email" else {}),
    )


def _order(order_id: str, status: OrderStatus, version: int) -> Order:
    return Order(
        pk=f"order#{order_id}",
        order_id=order_id,
        customer_id=CUSTOMER,
        status=status,
        total=Money(amount=2900),
        lines=(OrderLine(sku="MUG", quantity=2, name="Mug", unit_price=Money(amount=1450)),),
        payment_method=_METHODS.get(order_id, "pm_visa"),
        reason="customer" if status in {OrderStatus.REJECTED, OrderStatus.CANCELLED} else None,
        placed_at=THEN + timedelta(seconds=1),
        updated_at=THEN + timedelta(seconds=version),
        version=version,
        key_shard=3,
        all_orders="all#3",
        open="open#3" if status is OrderStatus.AWAITING_REVIEW else None,
    )


def _counts(minute: datetime, lane: str, counted: frozenset[str], counter: str) -> CountsRow:
    key = {"pk": f"counts#{minute:%Y-%m-%d}", "sk": f"{minute:%H:%M}#{lane}#0000"}
    counts = {f"{minute:%Y-%m-%dT%H:%M}": {counter: {"MUG": 2}}}
    return CountsRow.model_validate({**key, "counted": counted, "counts": counts})


def _reservation(order_id: str, status: Any, version: int) -> Reservation:
    return Reservation(
        order_id=order_id,
        status=status,
        lines=(Goods(sku="MUG", quantity=2),),
        short=("MUG",) if status == "REJECTED" else (),
        version=version,
        updated_at=THEN + timedelta(seconds=version),
    )


def _payment(order_id: str, status: Any, version: int, *asked: str, closed: bool = False) -> Payment:
    """Each response except a refused capture moved the payment to its next version."""
    refused = {"DECLINED": "authorize", "VOIDED": "capture"}.get(status)
    moved = [operation for operation in asked if operation != refused or status == "DECLINED"]
    return Payment(
        order_id=order_id,
        status=status,
        amount=Money(amount=2900) if asked else None,
        payment_method=_METHODS.get(order_id, "pm_visa") if asked else None,
        intents=dict.fromkeys(asked, THEN),
        answers={
            operation: Answered(
                approved=operation != refused,
                amount=None if operation == refused else Money(amount=2900),
                reason="refused" if operation == refused else None,
                at=THEN + timedelta(seconds=moved.index(operation) + 1 if operation in moved else 1),
            )
            for operation in asked
        },
        closed=THEN if closed else None,
        version=version,
    )


def _only(allowed: Sequence[History]) -> History:
    """The history of these orders. CANCELLED at version 3 means that it was confirmed before."""
    return next((history for history in allowed if ("OrderConfirmed",) in history), allowed[0])


def _events(source: str, of: Sequence[tuple[Order | Reservation | Payment, Sequence[History]]]) -> list[Recorded]:
    return [
        recorded(source, row.order_id, type_, version, _data_of(row))
        for row, allowed in of
        for version, change in enumerate(_only(allowed), start=1)
        for type_ in change
    ]


def _data_of(row: Order | Reservation | Payment) -> dict[str, Any]:
    """Returns a superset of the fields of every event."""
    data = row.model_dump(mode="json", exclude_none=True)
    return {"reason": "refused", **data} if isinstance(row, Payment) else data
