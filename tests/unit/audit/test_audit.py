# ruff: noqa: E501 - the faults are a table, and a table reads best in rows
"""The audit finds every fault that it promises to find, says where it is, and finds nothing wrong where nothing is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from audit import judge
from audit.endings import Endings, Machine, Message, Queue
from audit.evidence import CatalogueEntry, Clicked, CountsRow, Evidence, Recorded, StockRow, Unreadable
from audit.people import Customer
from audit.verdict import Verdict, verdict_on
from audit.wiring import GONE, Target, Wiring
from contracts.orders_stream import OrderStatus
from contracts.types import Goods, Money, OrderLine
from tests.support.quiet_shop import (
    CANCELLED,
    CONFIRMED,
    CUSTOMER,
    DEAD_LETTERS,
    DECLINED,
    HELD,
    QUEUE,
    SHORT,
    THEN,
    UNCAPTURED,
    changed,
    charge,
    quiet_shop,
    recorded,
    restock,
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


def _without(table: str, key: object) -> Callable[[Evidence], Evidence]:
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


def _mail(kind: str, by: str = "email", /, **changes: Any) -> Callable[[Evidence], Evidence]:
    """What the confirmed order's customer was told about this through the channel is otherwise."""

    def change(shop: Evidence) -> Evidence:
        return changed(
            shop,
            notifications=tuple(
                one.model_copy(update=changes)
                if (one.order_id, one.type, one.channel) == (CONFIRMED, kind, by)
                else one
                for one in shop.notifications
            ),
        )

    return change


def _webhook(type_: str, **changes: Any) -> Callable[[Evidence], Evidence]:
    return lambda shop: _mail(type_, "webhook", **changes)(with_webhook(shop))


def _restocked(quantity: int, sku: str = "MUG", **product: Any) -> Callable[[Evidence], Evidence]:
    """One more came in, when the product was like this."""
    more = restock(quantity, **product).model_copy(update={"sku": sku})
    return lambda shop: changed(shop, restocks=(*shop.restocks, more))


def _said(order: str, kind: str, /, **says: Any) -> Callable[[Evidence], Evidence]:
    """An event's data is otherwise."""

    def otherwise(event: Recorded) -> Recorded:
        found = (event.order_id, event.type) == (order, kind)
        return event.model_copy(update={"data": {**event.data, **says}}) if found else event

    return lambda shop: changed(shop, timeline=tuple(map(otherwise, shop.timeline)))


def _came(order: str, kind: str, /, **changes: Any) -> Callable[[Evidence], Evidence]:
    """An event's envelope or row is otherwise."""

    def otherwise(event: Recorded) -> Recorded:
        found = (event.order_id, event.type) == (order, kind)
        return event.model_copy(update=changes) if found else event

    return lambda shop: changed(shop, timeline=tuple(map(otherwise, shop.timeline)))


def _wired(parts: str, path: str, **changes: Any) -> Callable[[Evidence], Evidence]:
    """One piece of the infrastructure is otherwise."""

    def plant(shop: Evidence) -> Evidence:
        found = getattr(shop.wiring, parts)
        assert path in {part.path for part in found}
        planted = tuple(replace(part, **changes) if part.path == path else part for part in found)
        return replace(shop, wiring=replace(shop.wiring, **{parts: planted}))

    return plant


def _queued(path: str, **changes: Any) -> Callable[[Evidence], Evidence]:
    def plant(shop: Evidence) -> Evidence:
        queues = tuple(replace(one, **changes) if one.path == path else one for one in shop.endings.queues)
        return replace(shop, endings=replace(shop.endings, queues=queues))

    return plant


def _line(**changes: Any) -> tuple[OrderLine, ...]:
    return (OrderLine(sku="MUG", quantity=2, name="Mug", unit_price=Money(amount=1450)).model_copy(update=changes),)


def _answer(order_id: str, operation: str, **changes: Any) -> Callable[[Evidence], Evidence]:
    """What the payment service wrote down of an answer is otherwise."""

    def plant(shop: Evidence) -> Evidence:
        payment = shop.payments[order_id]
        answers = {**payment.answers, operation: payment.answers[operation].model_copy(update=changes)}
        return _with("payments", order_id, answers=answers)(shop)

    return plant


def _first_version(shop: Evidence) -> Evidence:
    """The catalogue says that it always sold for another price."""
    first = shop.products["MUG"].model_copy(update={"version": 1, "price": Money(amount=1500), "name": "Cup"})
    return changed(shop, products={"MUG": first}, restocks=())


def _counted(which: Callable[[CountsRow], bool], **changes: Any) -> Callable[[Evidence], Evidence]:
    """Rows of counts are otherwise."""

    def plant(shop: Evidence) -> Evidence:
        rows = (row.model_copy(update=changes) if which(row) else row for row in shop.counters)
        return changed(shop, counters=tuple(rows))

    return plant


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
    ("a restock of an unknown product", STOCK, "PEN: its stock moved", _restocked(5, sku="PEN")),
    ("a row of a hot product is negative", STOCK, "MUG, row 2: -1 available", lambda shop: changed(shop, stock_rows={("MUG", 1): StockRow(available=1), ("MUG", 2): StockRow(available=-1)})),
    ("units of a hot product got lost between its rows", STOCK, "MUG: 100 came in, but 93 available", lambda shop: changed(shop, products={"MUG": shop.products["MUG"].model_copy(update={"available": 90})}, stock_rows={("MUG", 1): StockRow(available=3)})),
    ("a release to another row", STOCK, "MUG, row 1: 2 reserved, but reservations hold 0", lambda shop: changed(shop, products={"MUG": shop.products["MUG"].model_copy(update={"reserved": 0})}, stock_rows={("MUG", 1): StockRow(reserved=2)})),
    ("goods in a row that is not there", STOCK, "MUG, row 7: reservations hold 2, but there is no such row", _with("reservations", HELD, rows={"MUG": 7})),
    ("a row of no product", STOCK, "PEN: its stock moved", lambda shop: changed(shop, stock_rows={("PEN", 1): StockRow()})),
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
    ("a click counted twice", REPLICAS, "2 views, but 1 ids", _without("clicks", ("visitor", "click-2"))),
    ("a click counted as another", REPLICAS, "MUG: 0 carts, but 1 ids", lambda shop: changed(shop, clicks={("visitor", "click-2"): Clicked("carts", "MUG", shop.clicks["visitor", "click-2"].minute)})),
    ("a purchase not counted", REPLICAS, f"{CONFIRMED}: its purchases were counted 0 times", _counted(lambda row: row.of_purchases, counted=frozenset())),
    ("a purchase counted in two rows", REPLICAS, f"{CONFIRMED}: its purchases were counted 2 times", lambda shop: changed(shop, counters=(*shop.counters, shop.counters[1]))),
    ("a purchase of nobody", REPLICAS, "x: its purchases were counted, but", _counted(lambda row: row.of_purchases, counted=frozenset({"x"}))),
    ("a purchase at another time", REPLICAS, f"{CONFIRMED}: its purchases were counted at ", _counted(lambda row: row.of_purchases, sk="23:59#purchases-0#0000")),
    ("counts that nobody clicked", REPLICAS, "MUG: 3 views, but 2 ids", _counted(lambda row: not row.of_purchases, counts={THEN.replace(second=0): {"views": {"MUG": 3}}})),
    # What is written in goods and stock.
    ("a reservation of fewer units", STOCK, f"{HELD}: ordered 2 MUG, but its reservation is of 1 MUG", _with("reservations", HELD, lines=(Goods(sku="MUG", quantity=1),))),
    ("a returned reservation of other goods", STOCK, f"{CANCELLED}: ordered 2 MUG, but its reservation is of 2 PEN", _with("reservations", CANCELLED, lines=(Goods(sku="PEN", quantity=2),))),
    ("a reservation of another order", STOCK, f"{CONFIRMED}: its reservation says that it is ord_x's", _with("reservations", CONFIRMED, order_id="ord_x")),
    ("short of what nobody ordered", STOCK, f"{SHORT}: its reservation is REJECTED, short of PEN", _with("reservations", SHORT, short=("PEN",))),
    ("short of nothing", STOCK, f"{SHORT}: its reservation is REJECTED, short of nothing", _with("reservations", SHORT, short=())),
    ("a product under another's key", STOCK, "MUG: its row says that it is PEN", _with("products", "MUG", sku="PEN")),
    ("a closed order without a reservation", MONEY, f"{DECLINED}: REJECTED, but no reservation", _without("reservations", DECLINED)),
    # What is written in payments and at the gateway.
    ("another amount to pay", MONEY, f"{CONFIRMED}: its total is $29.00, but its payment is of $1.00", _with("payments", CONFIRMED, amount=Money(amount=100))),
    ("another currency to pay in", MONEY, f"{CONFIRMED}: its total is $29.00, but its payment is of 29.00 EUR", _with("payments", CONFIRMED, amount=Money(amount=2900, currency="EUR"))),
    ("no amount to pay", MONEY, f"{HELD}: its total is $29.00, but its payment is of nothing", _with("payments", HELD, amount=None)),
    ("another means of payment", MONEY, f"{CONFIRMED}: to be paid by pm_visa, but its payment is by pm_review", _with("payments", CONFIRMED, payment_method="pm_review")),
    ("a payment of another order", MONEY, f"{CONFIRMED}: its payment says that it is ord_x's", _with("payments", CONFIRMED, order_id="ord_x")),
    ("a closed payment without tombstone", MONEY, f"{CANCELLED}: CANCELLED, but its payment was not closed", _with("payments", CANCELLED, closed=None)),
    ("a rejected order without a payment", MONEY, f"{SHORT}: REJECTED, but its payment was not closed", _without("payments", SHORT)),
    ("a tombstone under a confirmed order", MONEY, f"{CONFIRMED}: CONFIRMED, but its payment was closed at 2026-01-02", _with("payments", CONFIRMED, closed=THEN)),
    ("a charge that payment never heard of", MONEY, f"{HELD}: charged, but the payment service knows nothing", _without("payments", HELD)),
    ("a payment without an order", MONEY, f"{SHORT}: it has a payment, but there is no such order", _without("orders", SHORT)),
    ("a capture of less, as answered", MONEY, f"{CONFIRMED}: its total is $29.00, but capture was answered $28.00", _answer(CONFIRMED, "capture", amount=Money(amount=2800))),
    ("a question without an answer", MONEY, f"{HELD}: nobody wrote down what the gateway answered to capture", _with("payments", HELD, intents={"authorize": THEN, "capture": THEN})),
    ("a payment that lags behind the gateway", MONEY, f"{CANCELLED}: its payment is CAPTURED, but at the gateway it is authorized $29.00, captured $29.00, refunded $29.00", _with("payments", CANCELLED, status="CAPTURED")),
    ("a payment that the gateway does not know", MONEY, f"{HELD}: its payment is AUTHORIZED, but the gateway knows nothing of it", _without("charges", HELD)),
    ("the gateway was asked for less", MONEY, f"{HELD}: its total is $29.00, but the gateway was asked for $1.00", _with("charges", HELD, amount=100)),
    ("the gateway was asked in another currency", MONEY, f"{HELD}: its total is $29.00, but the gateway was asked for 29.00 EUR", _with("charges", HELD, currency="EUR")),
    ("less was authorized", MONEY, f"{HELD}: its total is $29.00, but $1.00 were authorized", _with("charges", HELD, authorized=100)),
    ("charged by another means", MONEY, f"{CONFIRMED}: to be paid by pm_visa, but charged by pm_review", _with("charges", CONFIRMED, payment_method="pm_review")),
    ("a ledger that contradicts its own answers", MONEY, f"{CANCELLED}: the gateway answered $0.00 to refund, but its ledger says $29.00", _with("charges", CANCELLED, answers={})),
    ("an answer to another order's key", MONEY, f"{CONFIRMED}: its charge has an answer to ord_x:capture", _with("charges", CONFIRMED, answers={"ord_x:capture": {"amount": 2900}})),
    # What is written in orders.
    ("a line that does not add up", ORDERS, f"{CONFIRMED}: its lines add up to $2.00, but its total is $29.00", _with("orders", CONFIRMED, lines=_line(unit_price=Money(amount=100)))),
    ("a quantity that does not add up", ORDERS, f"{SHORT}: its lines add up to $43.50, but its total is $29.00", _with("orders", SHORT, lines=_line(quantity=3))),
    ("a total that does not add up", ORDERS, f"{HELD}: its lines add up to $29.00, but its total is $1.00", _with("orders", HELD, total=Money(amount=100))),
    ("lines in another currency", ORDERS, f"{SHORT}: its lines are in EUR, its total in USD", _with("orders", SHORT, lines=_line(unit_price=Money(amount=1450, currency="EUR")))),
    ("one sku in two lines", ORDERS, f"{SHORT}: MUG is in 2 lines", _with("orders", SHORT, lines=_line(quantity=1) * 2)),
    ("an order that no list shows", ORDERS, f"{CONFIRMED}: it is not in the list of all orders", _with("orders", CONFIRMED, all_orders=None)),
    ("an order in another shard of the list", ORDERS, f"{CONFIRMED}: it is not in the list of all orders (all_orders is all, not all#3)", _with("orders", CONFIRMED, all_orders="all")),
    ("an open order that nobody looks after", ORDERS, f"{HELD}: it is AWAITING_REVIEW, but open is None, not open#3", _with("orders", HELD, open=None)),
    ("a closed order that counts as open", ORDERS, f"{CANCELLED}: it is CANCELLED, but open is open#3, not None", _with("orders", CANCELLED, open="open#3")),
    ("a closed order whose money is given back and that still waits for it", ORDERS, f"{CANCELLED}: it is CANCELLED, but open is unsettled#3, not None", _with("orders", CANCELLED, open="unsettled#3")),
    ("rejected for no reason", ORDERS, f"{SHORT}: it is REJECTED, and its reason is None", _with("orders", SHORT, reason=None)),
    ("a row that nobody can read", ORDERS, "order#ord_x: its row in Order/Orders cannot be read: total.amount", lambda shop: changed(shop, unreadable=(Unreadable("Order/Orders", "order#ord_x", "total.amount"),))),
    # What is written in events.
    ("an order moved to another customer", EVENTS, f"{CONFIRMED}: OrderConfirmed 2 says customer_id customer, but it is customer-2", _with("orders", CONFIRMED, customer_id="customer-2")),
    ("another customer in an event", EVENTS, f"{CONFIRMED}: OrderConfirmed 2 says customer_id customer-2, but it is customer", _said(CONFIRMED, "OrderConfirmed", customer_id="customer-2")),
    ("another order in an event", EVENTS, f"{CONFIRMED}: OrderPlaced 1 says order_id ord_x, but it is {CONFIRMED}", _said(CONFIRMED, "OrderPlaced", order_id="ord_x")),
    ("another total in an event", EVENTS, f"{SHORT}: OrderRejected 2 says total 1 USD, but it is 2900 USD", _said(SHORT, "OrderRejected", total={"amount": 1, "currency": "USD"})),
    ("other lines in an event", EVENTS, f"{CONFIRMED}: OrderPlaced 1 says lines [sku MUG, quantity 9", _said(CONFIRMED, "OrderPlaced", lines=[one.model_dump() for one in _line(quantity=9)])),
    ("another reason in an event", EVENTS, f"{CANCELLED}: OrderCancelled 3 says reason fraud, but it is customer", _said(CANCELLED, "OrderCancelled", reason="fraud")),
    ("another time of placement", EVENTS, f"{HELD}: OrderPlaced 1 says placed_at 2026-01-02T12:00:00.000000Z", _said(HELD, "OrderPlaced", placed_at="2026-01-02T12:00:00Z")),
    ("another means of payment in an event", EVENTS, f"{HELD}: OrderPlaced 1 says payment_method pm_visa, but it is pm_review", _said(HELD, "OrderPlaced", payment_method="pm_visa")),
    ("an amount in a payment's event", EVENTS, f"{CANCELLED}: PaymentRefunded 3 says amount 1 USD, but it is 2900 USD", _said(CANCELLED, "PaymentRefunded", amount={"amount": 1, "currency": "USD"})),
    ("a reason in a payment's event", EVENTS, f"{DECLINED}: PaymentDeclined 1 says reason fine, but it is refused", _said(DECLINED, "PaymentDeclined", reason="fine")),
    ("other goods in an event", EVENTS, f"{CANCELLED}: StockReturned 3 says lines [sku PEN, quantity 2], but it is [sku MUG, quantity 2]", _said(CANCELLED, "StockReturned", lines=[{"sku": "PEN", "quantity": 2}])),
    ("short of others in an event", EVENTS, f"{SHORT}: StockRejected 1 says short [PEN], but it is [MUG]", _said(SHORT, "StockRejected", short=["PEN"])),
    ("another channel in an event", EVENTS, f"{SHORT}: NotificationSent 1 says channel webhook, but it is email", _said(SHORT, "NotificationSent", channel="webhook")),
    ("sent, though it was kept", EVENTS, f"{SHORT}: NotificationSent 1 says kept False, but it is True", _said(SHORT, "NotificationSent", kept=False)),
    ("an event without its data", EVENTS, f"{SHORT}: OrderPlaced 1 says data nothing readable as customer_id", _came(SHORT, "OrderPlaced", data={})),
    ("an event of another service", EVENTS, f"{SHORT}: StockRejected 1 says source shop.order, but it is shop.inventory", _came(SHORT, "StockRejected", source="shop.order")),
    ("an event of another major version", EVENTS, f"{SHORT}: OrderPlaced 1 says version 2, but it is 1", _came(SHORT, "OrderPlaced", version=2)),
    ("an event in another order's story", EVENTS, f"{SHORT}: OrderPlaced 1 says correlation_id ord_x, but it is {SHORT}", _came(SHORT, "OrderPlaced", correlation_id="ord_x")),
    ("an event of another time", EVENTS, f"{SHORT}: OrderRejected 2 says occurred_at 2026-01-02T11:50:00.000000Z, but it is 2026-01-02T11:50:02", _came(SHORT, "OrderRejected", occurred_at=THEN)),
    ("an event under another key", EVENTS, f"{SHORT}: OrderRejected 2 says at_event now, but it is 2026-01-02T11:50:02", _came(SHORT, "OrderRejected", at_event="now")),
    ("a kind of event that there is not", EVENTS, f"{SHORT}: OrderLost 1 says type OrderLost, but it is no event of the shop", _event("shop.order", SHORT, "OrderLost", 1)),
    # What is switched off.
    ("a stopped trigger", QUEUES, "Order/RecordTimelineMessages: this trigger is Disabled", _wired("mappings", "Order/RecordTimelineMessages", state="Disabled")),
    ("a deleted trigger", QUEUES, "Order/RelayStream: this trigger is gone", _wired("mappings", "Order/RelayStream", state=GONE)),
    ("a disabled rule", QUEUES, "Order/TimelineRule: this rule is DISABLED", _wired("rules", "Order/TimelineRule", state="DISABLED")),
    ("a deleted rule", QUEUES, "Order/TimelineRule: this rule is gone", _wired("rules", "Order/TimelineRule", state=GONE, targets=())),
    ("a rule without its target", QUEUES, "Order/TimelineRule: this rule has no target", _wired("rules", "Order/TimelineRule", targets=())),
    ("a rule with a foreign target", QUEUES, "Order/TimelineRule: this rule leads to arn:aws:sqs:there:1:x, which is no queue", _wired("rules", "Order/TimelineRule", targets=(Target("arn:aws:sqs:there:1:x", DEAD_LETTERS),))),
    ("a rule without its dead letters", QUEUES, "Order/TimelineRule: it has no dead-letter queue for what Order/TimelineQueue", _wired("rules", "Order/TimelineRule", targets=(Target(QUEUE, None),))),
    ("a disabled schedule", QUEUES, "Order/ReconcileSchedule: this rule is DISABLED", _wired("rules", "Order/ReconcileSchedule", state="DISABLED")),
    ("a stream switched off", QUEUES, "Order/RelayStream: it reads a stream that orders does not write any more", _wired("parts", "Order/Orders", state="no stream")),
    ("a stream begun anew", QUEUES, "Order/RelayStream: it reads a stream", _wired("parts", "Order/Orders", state="arn:aws:dynamodb:here:1:table/orders/stream/later")),
    ("a paused alarm", QUEUES, "Order/AttentionAlarm: this alarm is paused", _wired("alarms", "Order/AttentionAlarm", state="paused")),
    ("a deleted alarm", QUEUES, "Order/AttentionAlarm: this alarm is gone", _wired("alarms", "Order/AttentionAlarm", state=GONE, actions=0)),
    ("an alarm that tells nobody", QUEUES, "Order/AttentionAlarm: this alarm tells nobody", _wired("alarms", "Order/AttentionAlarm", actions=0)),
    ("a missing subscription", QUEUES, "Notify/EmailSubscription: this subscription is gone", _wired("parts", "Notify/EmailSubscription", state=GONE)),
    ("a disabled archive", QUEUES, "Archive: this archive is DISABLED", _wired("parts", "Archive", state="DISABLED")),
    ("a function that may not run", QUEUES, "Order/Place: this function is throttled", _wired("parts", "Order/Place", state="throttled")),
    ("a workflow that is being deleted", QUEUES, "Workflows/Checkout: this workflow is DELETING", _wired("parts", "Workflows/Checkout", state="DELETING")),
    ("a stream of clicks that is gone", QUEUES, "Clickstream/Clicks: this stream is gone", _wired("parts", "Clickstream/Clicks", state=GONE)),
    ("a queue without its redrive policy", QUEUES, "Order/TimelineQueue: Order/RecordTimelineMessages reads it, but no redrive policy", _queued("Order/TimelineQueue", final=True, buries_in=None)),
    ("dead letters that go elsewhere", QUEUES, "Order/TimelineQueue: its dead letters go to arn:x", _queued("Order/TimelineQueue", buries_in="arn:x")),
    ("a queue that lets no events in", QUEUES, "Order/TimelineQueue: Order/TimelineRule leads to it, but no policy", _queued("Order/TimelineQueue", open=False)),
    ("a queue that is gone", QUEUES, "Order/TimelineDeadLetters: this queue is gone", _queued("Order/TimelineDeadLetters", arn=None)),
    # What is written in notifications.
    ("a mail to another address", NOTIFICATIONS, f"{CONFIRMED}: email about OrderConfirmed: it went to eve@example.com, but its customer's address is customer-1@example.com", _mail("OrderConfirmed", to="eve@example.com")),
    ("a mail to no address", NOTIFICATIONS, f"{CONFIRMED}: email about OrderConfirmed: it went to None", _mail("OrderConfirmed", to=None)),
    ("a mail to another customer", NOTIFICATIONS, f"{CONFIRMED}: email about OrderConfirmed: to customer eve, but the order is customer's", _mail("OrderConfirmed", customer_id="eve")),
    ("a mail about another event", NOTIFICATIONS, f"{CONFIRMED}: email about OrderRejected: it tells of {CONFIRMED} OrderRejected 2, but its event is {CONFIRMED} OrderConfirmed 2", _mail("OrderConfirmed", type="OrderRejected")),
    ("a mail about another order", NOTIFICATIONS, f"{SHORT}: email about OrderConfirmed: it tells of {SHORT} OrderConfirmed 2, but its event is {CONFIRMED}", _mail("OrderConfirmed", order_id=SHORT)),
    ("a mail about an event that never was", NOTIFICATIONS, f"{CONFIRMED}: email about OrderConfirmed: there was no such event (other)", _mail("OrderConfirmed", event_id="other")),
    ("told by an unknown channel", NOTIFICATIONS, f"{CONFIRMED}: pigeon about OrderConfirmed: nobody is told so", _mail("OrderConfirmed", channel="pigeon")),
    ("a mail under another key", NOTIFICATIONS, f"{CONFIRMED}: email about OrderConfirmed: its key is x, not ", _mail("OrderConfirmed", pk="x")),
    ("a mail of another id", NOTIFICATIONS, f"{CONFIRMED}: email about OrderConfirmed: its message id is <x>, not <", _mail("OrderConfirmed", message_id="<x>")),
    ("a mail that names another order", NOTIFICATIONS, f"{CONFIRMED}: email about OrderConfirmed: its text does not name the order", _mail("OrderConfirmed", text="Order ord_x")),
    # What is written in the catalogue and its replicas.
    ("another name of the same version", REPLICAS, "sold as Mug at $14.50, known as Cup at $14.50", _with("replica", "MUG", name="Cup")),
    ("a product that no list shows", REPLICAS, "MUG: it is not in the list of all products", _with("products", "MUG", catalogue=None)),
    ("a version with two prices", REPLICAS, "MUG: version 1 was Cup at $14.00, but a restock found MUG as Cup at $1.00", _restocked(0, price=Money(amount=100))),
    ("a price that never was", REPLICAS, f"{CONFIRMED}: MUG was ordered as Mug at $14.50, but it has always been Cup at $15.00", _first_version),
    ("an order of a product that is gone", REPLICAS, f"{CONFIRMED}: ordered MUG, but there is no such product", lambda shop: changed(shop, products={"MUG": None}, replica={"MUG": None})),
    ("a purchase counted as a view", REPLICAS, "MUG: 4 views, but 2 ids", _counted(lambda row: row.of_purchases, counts={THEN.replace(second=0): {"views": {"MUG": 2}}})),
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
    result = judge(replace(quiet_shop(), endings=endings, wiring=Wiring()), expect_dead={"m1", "e2"})[QUEUES - 1]
    assert result.faults == ("Order/Dead: 1 message (m3)",)


def test_money_that_could_not_be_given_back_is_no_fault_once_it_calls_a_person() -> None:
    shop = changed(quiet_shop(), charges={CANCELLED: charge(CANCELLED, captured=2900)})
    assert not judge(shop)[MONEY - 1].ok
    stuck = shop.payments[CANCELLED].model_copy(update={"settlement_failed": {"reason": "refund failed"}})
    needy = shop.orders[CANCELLED].model_copy(update={"attention": {"reason": "settlement_failed"}, "version": 4})
    result = judge(changed(shop, orders={CANCELLED: needy}, payments={CANCELLED: stuck}))[MONEY - 1]
    assert result.ok
    assert result.figures.endswith("captured $58.00, refunded $0.00, owed $29.00 for 1 order at attention")
    assert result.notes == (f"{CANCELLED}: $29.00 of its customer's are still owed",)
    assert verdict_on([result]) == Verdict(
        True,
        f"All holds, but a person must see to this: {CANCELLED}: $29.00 of its customer's are still owed.",
        f"./shop settle {CANCELLED}",
    )


def test_money_that_is_only_held_is_owed_too() -> None:
    shop = changed(quiet_shop(), charges={UNCAPTURED: charge(UNCAPTURED, method="pm_capture_fails")})
    stuck = shop.payments[UNCAPTURED].model_copy(update={"settlement_failed": {"reason": "void failed"}})
    needy = shop.orders[UNCAPTURED].model_copy(update={"attention": {"reason": "settlement_failed"}})
    result = judge(changed(shop, orders={UNCAPTURED: needy}, payments={UNCAPTURED: stuck}))[MONEY - 1]
    assert result.notes == (f"{UNCAPTURED}: $29.00 of its customer's are still owed",)


@pytest.mark.parametrize(
    ("plant", "says", "following"),
    [
        (lambda shop: shop, "All of it holds.", None),
        (_with("charges", CONFIRMED, captured=5800), "2 faults in 1 of 7 checks: money and goods.", f"./shop story {CONFIRMED}"),
        (_wired("rules", "Order/TimelineRule", state="DISABLED"), "1 fault in 1 of 7 checks: executions and queues.", "switch on what is off (console or AWS CLI), then ./shop audit"),
        (_queued("Order/TimelineDeadLetters", depth=1), "1 fault in 1 of 7 checks: executions and queues.", "./shop dlq ls"),
        (_queued("Order/TimelineQueue", depth=1), "1 fault in 1 of 7 checks: executions and queues.", "./shop audit --wait 300"),
        (_with("replica", "MUG", version=2), "1 fault in 1 of 7 checks: replicas.", "./shop rebuild catalogue"),
    ],
    ids=["nothing", "money", "a disabled rule", "a dead letter", "work is left", "an old price"],
)  # fmt: skip
def test_the_verdict_says_how_much_is_wrong_and_what_to_type_next(
    plant: Callable[[Evidence], Evidence], says: str, following: str | None
) -> None:
    verdict = verdict_on(judge(plant(quiet_shop())))
    assert (verdict.text, verdict.next) == (says, following)


def test_an_address_that_has_changed_since_is_no_fault() -> None:
    moved = {CUSTOMER: Customer("new@example.com", quiet_shop().at)}
    assert judge(replace(quiet_shop(), customers=moved))[NOTIFICATIONS - 1].ok


def test_a_customer_who_left_is_no_fault() -> None:
    assert judge(replace(quiet_shop(), customers={}))[NOTIFICATIONS - 1].ok


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
