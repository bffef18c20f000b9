"""Every event of an order, once, in order, with a sentence each."""

from datetime import timedelta

from contracts.envelope import envelop
from contracts.inventory import StockReserved
from contracts.payment import PaymentAuthorized
from contracts.types import Goods, Money
from order import record_timeline
from tests.support.orders import START, Orders, deliver, failed, updated


def story(orders: Orders, order_id: str) -> list[tuple[str, str]]:
    return [(event["type"], event["summary"]) for event in orders.timeline(order_id).body["events"]]


def test_a_timeline_tells_what_happened_in_all_services(orders: Orders) -> None:
    order_id = orders.placed()
    orders.clock.forward(timedelta(seconds=3))
    orders.confirm(order_id)
    reserved = StockReserved(order_id=order_id, lines=(Goods(sku="MUG", quantity=2),))
    authorized = PaymentAuthorized(order_id=order_id, amount=Money(amount=2900), payment_method="pm_visa")
    others = [
        envelop(data, entity_id=order_id, entity_version=1, occurred_at=START + after, correlation_id=order_id)
        for data, after in ((authorized, timedelta(seconds=2)), (reserved, timedelta(seconds=1)))
    ]
    # Out of order, as the bus may deliver them.
    orders.tell_timeline(*reversed(orders.events()), *others)
    assert story(orders, order_id) == [
        ("OrderPlaced", "Order for $29.00 placed, paying with pm_visa"),
        ("StockReserved", "2 units reserved"),
        ("PaymentAuthorized", "$29.00 authorized on pm_visa"),
        ("OrderConfirmed", "Confirmed at $29.00"),
    ]


def test_an_entry_is_the_event_as_it_was_published(orders: Orders) -> None:
    order_id = orders.placed()
    (event,) = orders.events()
    orders.tell_timeline(event)
    (entry,) = orders.timeline(order_id).body["events"]
    published = event.as_published()
    assert entry == {
        "at": published["detail"]["occurred_at"],
        "source": "shop.order",
        "type": "OrderPlaced",
        "event_id": published["detail"]["event_id"],
        "summary": "Order for $29.00 placed, paying with pm_visa",
        "data": published["detail"]["data"],
    }


def test_scenario_9_an_event_delivered_three_times_is_told_once(orders: Orders) -> None:
    order_id = orders.placed()
    orders.tell_timeline(*orders.events() * 3)
    assert len(story(orders, order_id)) == 1


def test_scenario_29_equal_times_are_two_events(orders: Orders) -> None:
    order_id = orders.placed()
    orders.confirm(order_id)
    orders.tell_timeline(*orders.events())
    assert {kind for kind, _ in story(orders, order_id)} == {"OrderPlaced", "OrderConfirmed"}


def test_an_order_of_which_nothing_was_heard_yet_has_an_empty_timeline(orders: Orders) -> None:
    order_id = orders.placed()
    assert orders.timeline(order_id).body == {"order_id": order_id, "events": []}


def test_a_long_story_is_told_to_its_end(orders: Orders) -> None:
    """DynamoDB answers at most 1 MB at once."""
    order_id = orders.placed()
    (event,) = orders.events()
    (line,) = event.data.lines
    long = event.data.model_copy(update={"lines": (line.model_copy(update={"name": "x" * 100_000}),)})
    moments = [START + timedelta(seconds=second) for second in range(15)]
    orders.tell_timeline(*(event.model_copy(update={"occurred_at": moment, "data": long}) for moment in moments))
    assert len(story(orders, order_id)) == 15


def test_scenario_32_what_cannot_be_read_goes_to_the_dead_letters_alone(orders: Orders) -> None:
    order_id = orders.placed()
    assert failed(record_timeline.handler, '{"detail-type": "OrderShipped", "detail": {}}') == ["0"]
    assert deliver(record_timeline.handler, *orders.events(), updated("MUG", 1, 9)) == []
    assert len(story(orders, order_id)) == 1
