"""Who reads order updates from Kafka sees every order's events in order, and sales that agree with the orders."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer

from emulator import broker
from tests.e2e.conftest import HOME
from tests.support.desk import Desk
from tests.support.eventually import eventually, until
from tests.support.kafka import reader, send
from tests.support.shop import Goods, Order, RunningShop

TOPIC = "shop.orders"


@pytest.fixture
def address() -> str:
    return broker.start(HOME)


class Topic:
    def __init__(self, consumer: Consumer) -> None:
        self.consumer, self.seen = consumer, list[tuple[str, str]]()

    def types_of(self, order: Order) -> list[str]:
        """The types of the order's events so far, in the topic's order."""
        for message in self.consumer.consume(100, 0.1):
            key, value = message.key() or b"", message.value() or b""
            assert isinstance(key, bytes)
            if key.startswith(b"ord"):
                self.seen.append((key.decode(), json.loads(value)["detail-type"]))
        return [kind for key, kind in self.seen if key == order.id]


@pytest.fixture
def topic(address: str) -> Iterator[Topic]:
    with reader(address, TOPIC) as consumer:
        yield Topic(consumer)


def sold(desk: Desk, goods: Goods) -> tuple[int, int]:
    """Units and revenue of the product over all hours of today."""
    own = [row for row in desk.types("sales") if row["sku"] == goods.sku]
    return sum(row["units"] for row in own), sum(row["revenue"] for row in own)


def test_the_topic_tells_each_orders_story_in_order(shop: RunningShop, topic: Topic) -> None:
    mug = shop.sells(20, price=700)
    bought, declined = shop.customer.orders(2 * mug), shop.customer.orders(mug, paying_with="pm_declined")
    bought.becomes("CONFIRMED")
    assert shop.customer.cancels(bought).status_code == 202
    declined.becomes("REJECTED", because="payment_declined")
    eventually(lambda: topic.types_of(bought), ["OrderPlaced", "OrderConfirmed", "OrderCancelled"])
    eventually(lambda: topic.types_of(declined), ["OrderPlaced", "OrderRejected"])


def test_sales_are_what_was_confirmed_less_what_was_cancelled(shop: RunningShop, desk: Desk) -> None:
    mug, cup = shop.sells(50, price=700), shop.sells(50, price=300)
    orders = [*shop.buyers(5, 2 * mug, cup), *shop.buyers(2, mug, paying_with="pm_declined")]
    shop.decided(orders, within=120)
    eventually(lambda: (sold(desk, mug), sold(desk, cup)), ((10, 7000), (5, 1500)))
    assert shop.customer.cancels(orders[0]).status_code == 202
    eventually(lambda: (sold(desk, mug), sold(desk, cup)), ((8, 5600), (4, 1200)))


def test_poison_in_the_topic_is_set_aside_whole_and_stops_nothing(shop: RunningShop, address: str, desk: Desk) -> None:
    tea = shop.sells(10, price=500)
    poison = b"\x00 this is no event"
    # To every partition: whichever the order's is, poison is before it.
    for key in ("a", "b", "c", "d", "e", "f", "g", "h"):
        send(address, TOPIC, poison, key)
    shop.customer.orders(tea).becomes("CONFIRMED")
    eventually(lambda: sold(desk, tea), (1, 500))
    sqs, queue, kept = shop.aws("sqs"), shop.table("KafkaService/SalesFailures"), list[dict[str, Any]]()

    def look() -> list[dict[str, Any]]:
        """Takes letters out: the audit wants none."""
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            kept.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return kept

    until(look, lambda seen: len(seen) >= 8, "eight letters")
    assert {base64.b64decode(letter["record"]["value"]) for letter in kept} == {poison}
    assert {base64.b64decode(letter["record"]["key"]) for letter in kept} == {bytes([n]) for n in b"abcdefgh"}
