# ruff: noqa: E501 - the faults are a table, and a table reads best in rows
"""The audit finds every fault that it promises to find, says where it is, and finds nothing wrong where nothing is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cli.audit import judge
from cli.audit.endings import Endings, Machine, Message, Queue
from cli.audit.evidence import CatalogueEntry, Evidence
from contracts.orders_stream import OrderStatus
from contracts.types import Goods, Money
from tests.support.quiet_shop import (
    CANCELLED,
    CONFIRMED,
    DECLINED,
    HELD,
    SHORT,
    THEN,
    UNCAPTURED,
    changed,
    charge,
    quiet_shop,
    recorded,
    with_webhook,
)

STOCK, MONEY, ORDERS, EVENTS, QUEUES, NOTIFICATIONS, REPLICAS = range(1, 8)


def test_a_shop_at_rest_passes_every_check() -> None:
    results = judge(quiet_shop())
    assert {result.number: result.faults for result in results} == dict.fromkeys(range(1, 8), ())
    assert [result.figures for result in results] == [
        "1 sku: 100 in = 96 available + 2 reserved + 2 sold",
        "1 confirmed order, 4 closed; captured $58.00, refunded $29.00",
        "6 orders: 1 AWAITING_REVIEW, 1 CANCELLED, 1 CONFIRMED, 3 REJECTED",
        "46 events implied, 46 came",
        "2 workflows: 1 running, 0 failed; 2 queues: 0 waiting, 0 dead",
        "13 notifications: 13 kept",
        "1 product, 1 known to orders; 2 clicks and 2 purchases counted",
    ]


def _with(table: str, key: str, **changes: Any) -> Callable[[Evidence], Evidence]:
    """One row of a table is otherwise."""
    return lambda shop: changed(shop, **{table: {key: getattr(shop, table)[key].model_copy(update=changes)}})


def _without(table: str, key: str) -> Callable[[Evidence], Evidence]:
    return lambda shop: changed(shop, **{table: {key: None}})


def _row(table: str, key: str, row: object) -> Callable[[Evidence], Evidence]:
    return lambda shop: changed(shop, **{table: {key: row}})


def _no_event(order_id: str, type_: str) -> Callable[[Evidence], Evidence]:
    return lambda shop: changed(
        shop, timeline=tuple(event for event in shop.timeline if (event.order_id, event.type) != (order_id, type_))
    )


def _event(source: str, order_id: str, type_: str, version: int) -> Callable[[Evidence], Evidence]:
    return lambda shop: changed(shop, timeline=(*shop.timeline, recorded(source, order_id, type_, version)))


def _ending(**changes: Any) -> Callable[[Evidence], Evidence]:
    return lambda shop: replace(shop, endings=replace(shop.endings, **changes))


def _repeated(shop: Evidence) -> Evidence:
    """An event came again with the same id and another time."""
    event = shop.timeline[0]
    return changed(shop, timeline=(*shop.timeline, event.model_copy(update={"occurred_at": shop.at})))


def _mail(type_: str, channel: str = "email", **changes: Any) -> Callable[[Evidence], Evidence]:
    """What the confirmed order's customer was told about this through the channel is otherwise."""

    def change(shop: Evidence) -> Evidence:
        return changed(
            shop,
            notifications=tuple(
                one.model_copy(update=changes)
                if (one.order_id, one.type, one.channel) == (CONFIRMED, type_, channel)
                else one
                for one in shop.notifications
            ),
        )

    return change


def _webhook(type_: str, **changes: Any) -> Callable[[Evidence], Evidence]:
    return lambda shop: _mail(type_, "webhook", **changes)(with_webhook(shop))


def _mail_twice(shop: Evidence) -> Evidence:
    first = shop.notifications[0]
    return changed(shop, notifications=(*shop.notifications, first.model_copy(update={"pk": f"again#{first.pk}"})))


FAULTS: list[tuple[str, int, str, Callable[[Evidence], Evidence]]] = [
    # Stock.
    ("a unit got lost", STOCK, "MUG: 100 came in, but", _with("products", "MUG", available=95)),
    ("more was sold than there was", STOCK, "-1 available", _with("products", "MUG", available=-1)),
    ("a release was forgotten", STOCK, "3 reserved, but reservations hold 2", _with("products", "MUG", reserved=3)),
    ("a closed order holds goods", STOCK, f"{DECLINED}: still holds", _with("reservations", DECLINED, status="RESERVED")),
    ("an order that never was holds goods", STOCK, "there is no such order", _without("orders", HELD)),
    ("a restock of an unknown product", STOCK, "PEN: its stock moved", _row("restocked", "PEN", 5)),
    # Money.
    ("charged twice", MONEY, "CONFIRMED at $29.00, but captured $58.00", _row("charges", CONFIRMED, charge(CONFIRMED, captured=5800))),
    ("confirmed without a charge", MONEY, f"{CONFIRMED}: CONFIRMED, but never charged", _without("charges", CONFIRMED)),
    ("confirmed and refunded", MONEY, "refunded $29.00", _row("charges", CONFIRMED, charge(CONFIRMED, captured=2900, refunded=2900))),
    ("confirmed, authorized only", MONEY, "0 captures", _row("charges", CONFIRMED, charge(CONFIRMED))),
    ("not refunded", MONEY, f"{CANCELLED}: CANCELLED, but $29.00", _row("charges", CANCELLED, charge(CANCELLED, captured=2900))),
    ("refunded twice", MONEY, "$-29.00", _row("charges", CANCELLED, charge(CANCELLED, captured=2900, refunded=5800))),
    ("not voided", MONEY, f"{UNCAPTURED}: REJECTED, but $29.00 are still authorized", _row("charges", UNCAPTURED, charge(UNCAPTURED))),
    ("captured before review", MONEY, f"{HELD}: AWAITING_REVIEW", _row("charges", HELD, charge(HELD, captured=2900))),
    ("stuck, and nobody is called", MONEY, f"{CANCELLED}: its settlement failed, but it shows no attention", _with("payments", CANCELLED, settlement_failed={"reason": "refund failed"})),
    ("somebody is called for nothing", MONEY, f"{CANCELLED}: it shows attention", _with("orders", CANCELLED, attention={"reason": "settlement_failed"})),
    ("charged for nothing", MONEY, "ord_x: charged, but there is no such order", _row("charges", "ord_x", charge("ord_x"))),
    ("confirmed, but no goods", MONEY, "not committed as ordered (RELEASED)", _with("reservations", CONFIRMED, status="RELEASED")),
    ("confirmed with other goods", MONEY, "not committed as ordered", _with("reservations", CONFIRMED, lines=(Goods(sku="MUG", quantity=1),))),
    ("closed, but the goods are sold", MONEY, f"{CANCELLED}: CANCELLED, but its goods are COMMITTED", _with("reservations", CANCELLED, status="COMMITTED")),
    # Orders.
    ("a change that is not allowed", ORDERS, f"{SHORT}: change 2 is OrderConfirmed + OrderRejected", _event("shop.order", SHORT, "OrderConfirmed", 2)),
    ("an order that nobody placed", ORDERS, "first change is missing", _no_event(SHORT, "OrderPlaced")),
    ("a change that left no event", ORDERS, f"{CONFIRMED}: change 2 is missing", _no_event(CONFIRMED, "OrderConfirmed")),
    ("a state that its history does not lead to", ORDERS, "it is REJECTED, but its history ends as CONFIRMED", _with("orders", CONFIRMED, status=OrderStatus.REJECTED)),
    ("events of the future", ORDERS, "its events go to version 9", _event("shop.order", SHORT, "OrderCancelled", 9)),
    ("events of no order", ORDERS, "ord_x: it has events, but", _event("shop.order", "ord_x", "OrderPlaced", 1)),
    ("a row under another's key", ORDERS, "its row says that it is ord_x", _with("orders", SHORT, order_id="ord_x")),
    # Events.
    ("an event got lost", EVENTS, f"{CONFIRMED}, its payment: PaymentCaptured 2 never came", _no_event(CONFIRMED, "PaymentCaptured")),
    ("an event that nothing explains", EVENTS, f"{SHORT}: StockReserved 1 came", _event("shop.inventory", SHORT, "StockReserved", 1)),
    ("an event about nobody", EVENTS, "ord_x: StockReleased 1 came", _event("shop.inventory", "ord_x", "StockReleased", 1)),
    ("one id, two contents", EVENTS, "came 2 times", _repeated),
    ("a version that no history leads to", EVENTS, "its goods: no history leads to its state", _with("reservations", SHORT, version=4)),
    # Executions and queues.
    ("checkout still runs", QUEUES, "Workflows/Checkout: 1 execution", _ending(machines=(Machine("Workflows/Checkout", express=False, running=1),))),
    ("a review waits for no order", QUEUES, "Workflows/Review: 2 executions", _ending(machines=(Machine("Workflows/Review", express=False, running=2),))),
    ("work is left", QUEUES, "Order/Queue: 3 messages", _ending(queues=(Queue("Order/Queue", 3, final=False),))),
    ("a message is dead", QUEUES, "Order/Dead: 1 message (m1)", _ending(queues=(Queue("Order/Dead", 1, True, (Message("m1", "{}"),)),))),
    ("a stream batch failed", QUEUES, "1 stream batch failed, first a/b", _ending(failed_batches=("a/b",))),
    ("checkout never decided", QUEUES, f"{SHORT}: still PLACED", _with("orders", SHORT, status=OrderStatus.PLACED)),
    # Notifications.
    ("a mail got lost", NOTIFICATIONS, f"{CONFIRMED}: 0 × email about OrderConfirmed", _mail("OrderConfirmed", event_id="other")),
    ("a mail came twice", NOTIFICATIONS, "2 × email about OrderPlaced", _mail_twice),
    ("a mail is half sent", NOTIFICATIONS, "is unknown", _mail("OrderConfirmed", status="SENDING")),
    ("mails came out of order", NOTIFICATIONS, "email about OrderConfirmed came before", _mail("OrderPlaced", at=quiet_shop().at)),
    ("a webhook got lost", NOTIFICATIONS, f"{CONFIRMED}: 0 × webhook about OrderConfirmed", _webhook("OrderConfirmed", event_id="other")),
    ("a webhook is half sent", NOTIFICATIONS, "OrderConfirmed was sent by webhook is unknown", _webhook("OrderConfirmed", status="SENDING")),
    ("webhooks came out of order", NOTIFICATIONS, "webhook about OrderConfirmed came before", _webhook("OrderPlaced", at=quiet_shop().at)),
    ("a webhook was on and nobody posted", NOTIFICATIONS, "0 × webhook about OrderPlaced", lambda shop: replace(shop, webhook_since=THEN)),
    # Replicas.
    ("an old price", REPLICAS, "MUG: sold as version 3, known to orders as version 2", _with("replica", "MUG", version=2)),
    ("another price of the same version", REPLICAS, "MUG: sold as", _with("replica", "MUG", price=Money(amount=1))),
    ("a product that orders do not know", REPLICAS, "MUG: orders do not know it", _without("replica", "MUG")),
    ("a product that is only known", REPLICAS, "PEN: orders know it", _row("replica", "PEN", CatalogueEntry(sku="PEN", name="Pen", price=Money(amount=1), version=1))),
    ("a click counted twice", REPLICAS, "2 views, but 1 ids", _without("counted", "click#2")),
    ("a purchase not counted", REPLICAS, f"{CONFIRMED}: its purchase of MUG was not counted", lambda shop: changed(shop, counted={key: None for key in shop.counted if key.startswith("purchase")})),
    ("a purchase of nobody", REPLICAS, "purchase#x#MUG: counted", lambda shop: changed(shop, counted={"purchase#x#MUG": shop.counted["click#1"]})),
]  # fmt: skip


@pytest.mark.parametrize(
    ("number", "says", "plant"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
def test_a_planted_fault_is_found(number: int, says: str, plant: Callable[[Evidence], Evidence]) -> None:
    result = judge(plant(quiet_shop()))[number - 1]
    assert not result.ok
    assert says in "\n".join(result.faults)


def test_dead_messages_that_were_declared_are_no_fault() -> None:
    """By their own id, or by the id of the event in them, which a test knows before the fault."""
    dead = (Message("m1", "{}"), Message("m2", '{"detail": {"event_id": "e2"}}'), Message("m3", "{}"))
    queues = (Queue("Order/Dead", 3, True, dead),)
    endings = Endings(machines=(), queues=queues, failed_batches=())
    result = judge(replace(quiet_shop(), endings=endings), expect_dead={"m1", "e2"})[QUEUES - 1]
    assert result.faults == ("Order/Dead: 1 message (m3)",)


def test_money_that_could_not_be_given_back_is_no_fault_once_it_calls_a_person() -> None:
    shop = changed(quiet_shop(), charges={CANCELLED: charge(CANCELLED, captured=2900)})
    assert not judge(shop)[MONEY - 1].ok
    stuck = shop.payments[CANCELLED].model_copy(update={"settlement_failed": {"reason": "refund failed"}})
    needy = shop.orders[CANCELLED].model_copy(update={"attention": {"reason": "settlement_failed"}, "version": 4})
    assert judge(changed(shop, orders={CANCELLED: needy}, payments={CANCELLED: stuck}))[MONEY - 1].ok


def test_with_a_webhook_every_change_is_told_twice() -> None:
    results = judge(with_webhook(quiet_shop()))
    assert [result.faults for result in results] == [()] * 7
    assert results[NOTIFICATIONS - 1].figures == "26 notifications: 13 kept, 13 sent"


def test_a_webhook_owes_nothing_for_what_happened_before_it_was_turned_on() -> None:
    since = THEN + timedelta(seconds=1.5)
    shop = with_webhook(quiet_shop(), since)
    assert 13 < len(shop.notifications) < 26
    assert [result.faults for result in judge(shop)] == [()] * 7


def test_express_executions_are_proven_by_the_orders() -> None:
    endings = replace(quiet_shop().endings, machines=(Machine("Workflows/Checkout", express=True),))
    result = judge(replace(quiet_shop(), endings=endings))[QUEUES - 1]
    assert result.ok
    assert "1 EXPRESS, proven by the orders" in result.figures
