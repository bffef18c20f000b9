"""The audit's own idea of legal histories, held against what the services really do and say.

The audit judges services without asking them; here, and only here, the two are compared.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

import inventory.domain
import inventory.events
import notify.domain
import notify.events
import notify.store
import order.domain
import order.events
import payment.domain
import payment.events
from audit import evidence, histories
from contracts.envelope import Envelope
from contracts.orders_stream import OrderStatus
from contracts.types import Goods, Money, OrderLine
from payment.domain import Answer, Operation

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MUG = (OrderLine(sku="MUG", quantity=2, name="Mug", unit_price=Money(amount=1450)),)


def ids(events: list[Envelope[Any]]) -> list[str]:
    return sorted(str(event.event_id) for event in events)


def allowed(candidates: list[histories.History], entity_id: str) -> list[list[str]]:
    return [sorted(histories.ids(history, entity_id)) for history in candidates]


def row_of(one: order.domain.Order) -> dict[str, Any]:
    return {**one.model_dump(mode="json", exclude_none=True), "pk": f"order#{one.order_id}"}


def placed() -> order.domain.Order:
    request = order.domain.OrderRequest.model_validate_json(
        """{"lines": [{"sku": "MUG", "quantity": 2}], "payment_method": "pm_review",
        "shipping_address": {"name": "A", "line1": "1", "city": "C", "postal_code": "1", "country": "US"}}"""
    )
    return order.domain.screened(
        order.domain.place(request, MUG, order_id="ord_1", customer_id="c", fingerprint="f", now=NOW), 0
    )


CHANGES: dict[str, Callable[[order.domain.Order], order.domain.Order]] = {
    "confirm": lambda one: order.domain.confirm(one, NOW),
    "reject": lambda one: order.domain.reject(one, "out_of_stock", NOW),
    "cancel": lambda one: order.domain.cancel(one, "customer", NOW),
    "hold": lambda one: order.domain.hold(one, NOW),
    "approve": lambda one: order.domain.approve(one, None, NOW),
    "disapprove": lambda one: order.domain.disapprove(one, "fraud", None, NOW),
}


@given(
    st.lists(st.sampled_from(sorted(CHANGES)), max_size=8),
    st.sampled_from([(), ("failed",), ("failed", "settled"), ("settled",), ("settled", "failed")]),
)
def test_whatever_becomes_of_an_order_its_events_are_of_one_allowed_history(
    names: list[str], settlement: tuple[str, ...]
) -> None:
    one, said = placed(), order.events.events_of(None, row_of(placed()))

    def become(after: order.domain.Order) -> None:
        nonlocal one
        said.extend(order.events.events_of(row_of(one), row_of(after)))
        one = after

    for name in names:
        try:
            become(CHANGES[name](one))
        except order.domain.IllegalTransition:
            continue
    if one.status in {OrderStatus.REJECTED, OrderStatus.CANCELLED}:
        for version, what in enumerate(settlement, start=1):
            if what == "settled":
                become(order.domain.settled(one, version, NOW))
            else:
                become(order.domain.settlement_failed(one, version, "down", NOW))
    row = evidence.Order.model_validate(row_of(one))
    assert ids(said) in allowed(histories.of_order(row), "ord_1")


@given(
    st.booleans(),
    st.sampled_from([None, "reserved", "rejected"]),
    st.lists(st.sampled_from([OrderStatus.CONFIRMED, OrderStatus.REJECTED, OrderStatus.CANCELLED]), max_size=3),
)
def test_whatever_becomes_of_the_goods_their_events_are_of_one_allowed_history(
    late: bool, decision: str | None, statuses: list[OrderStatus]
) -> None:
    lines = (Goods(sku="MUG", quantity=2),)
    one: inventory.domain.Reservation | None = None
    said: list[Envelope[Any]] = []

    def become(after: inventory.domain.Reservation) -> None:
        nonlocal one
        rows = [{**row.model_dump(mode="json"), "pk": "reservation#ord_1"} if row else None for row in (one, after)]
        said.extend(inventory.events.events_of(*rows))
        one = after

    def decide() -> None:
        if decision and one is None:  # the first decision stands
            reject = inventory.domain.rejected("ord_1", lines, ["MUG"], NOW)
            become(inventory.domain.reserved("ord_1", lines, NOW) if decision == "reserved" else reject)

    if not late:
        decide()
    for status in statuses:
        if step := inventory.domain.followed(one, "ord_1", status, NOW):
            become(step[0])
    decide()
    if one is not None:
        row = evidence.Reservation.model_validate(one.model_dump(mode="json"))
        assert ids(said) in allowed(histories.of_reservation(row), "ord_1")


@given(st.booleans(), st.booleans(), st.integers(0, 3), st.lists(st.integers(0, 4), max_size=2))
def test_whatever_becomes_of_the_money_its_events_are_of_one_allowed_history(
    approved: bool, captures: bool, asked: int, failures: list[int]
) -> None:
    """Checkout gets as far as `asked`; then a settlement takes over, which fails now and then."""
    one: payment.domain.Payment | None = None
    said: list[Envelope[Any]] = []

    def become(after: payment.domain.Payment) -> None:
        nonlocal one
        rows = [row.model_dump(mode="json", exclude_none=True) if row else None for row in (one, after)]
        said.extend(payment.events.events_of(*rows))
        one = after

    def answer(operation: Operation) -> Answer:
        yes = approved if operation is Operation.AUTHORIZE else captures if operation is Operation.CAPTURE else True
        return Answer(approved=yes, amount=Money(amount=2900) if yes else None, reason=None if yes else "no", at=NOW)

    if asked:
        become(
            payment.domain.intend_authorize(
                one, order_id="ord_1", amount=Money(amount=2900), payment_method="pm_visa", now=NOW
            )
        )
        if asked > 1:
            become(payment.domain.answered(one, Operation.AUTHORIZE, answer(Operation.AUTHORIZE)))
        if asked > 2 and approved:
            become(payment.domain.intend_capture(one, now=NOW))
    become(payment.domain.close(one, order_id="ord_1", now=NOW))
    for turn in range(6):
        assert one is not None
        if turn in failures:
            become(payment.domain.settlement_failed(one, order_id="ord_1", reason="down", now=NOW))
        if operation := one.unanswered:
            become(payment.domain.settled(one, operation, answer(operation)))
    row = evidence.Payment.model_validate(one.model_dump(mode="json")) if one else None
    assert row is not None
    assert ids(said) in allowed(histories.of_payment(row), "ord_1")


@given(
    st.lists(st.sampled_from(["sending", "failed", "failed otherwise"]), max_size=4),
    st.sampled_from(["sent", "kept", None]),
)
def test_whatever_becomes_of_a_notification_its_events_are_its_one_history(names: list[str], end: str | None) -> None:
    one = notify.domain.Notification(
        channel="email",
        event_id=UUID(int=1),
        type="OrderPlaced",
        entity_version=1,
        order_id="ord_1",
        customer_id="c",
        status=notify.domain.Status.SENDING,
        at=NOW,
    )
    said: list[Envelope[Any]] = []
    moment = NOW
    for name in [*names, *([end] if end else [])]:
        moment += timedelta(seconds=1)
        match name:
            case "sending":
                mail = notify.domain.Mail(message_id="m", to="t", subject="s", text="t", html="h")
                after = notify.domain.sending(one, mail, moment)
            case "sent":
                after = notify.domain.sent(one, "ses", moment)
            case "kept":
                after = notify.domain.kept(one, "no_sender", moment)
            case _:
                after = notify.domain.failed(one, name, moment)
        said += notify.events.events_of(notify.store.row_of(one), notify.store.row_of(after))
        one = after
    row = evidence.Notification.model_validate(notify.store.row_of(one))
    assert [ids(said)] == allowed(histories.of_notification(row), row.pk)
