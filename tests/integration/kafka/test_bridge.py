"""Order updates reach the topic at least once, each order's in order, over the real wire protocol."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from contracts.envelope import Envelope
from emulator.fixes.kafka_mappings import event_of
from kafkabridge import bridge, count_sales, producer
from tests.integration.kafka.conftest import View, cancelled, confirmed, placed
from tests.support.deliveries import returned, sqs_event, sqs_record
from tests.support.kafka import Broker, broker

pytestmark = pytest.mark.loopback

TOPIC = "shop.orders"


@pytest.fixture(scope="module")
def running() -> Iterator[Broker]:
    with broker() as found:
        yield found


@pytest.fixture
def topic(running: Broker, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    """A topic of the test's own, and a bridge that leads to it."""
    name = f"{TOPIC}.{abs(hash(request.node.name))}"
    for key, value in {
        "BROKERS": running.address,
        "AUTHENTICATION": "plaintext",
        "SECRET_ARN": "",
        "TOPIC": name,
        "PARTITIONS": "3",
    }.items():
        monkeypatch.setenv(key, value)
    producer._producer.cache_clear()
    yield name
    producer._producer.cache_clear()


def deliver(*events: Envelope[Any]) -> list[str]:
    """Hands a batch of the FIFO queue to the function; answers the ids of the events that go back to it."""
    return returned(bridge.handler(sqs_event(*events, fifo=True), None))


def test_an_orders_events_are_in_one_partition_in_order(running: Broker, topic: str) -> None:
    orders = [f"ord_{number}" for number in range(8)]
    for event in (placed, confirmed, cancelled):
        assert deliver(*(event(order) for order in orders)) == []
    found = running.read(topic, 24)
    assert len({message.partition() for message in found}) > 1
    for order in orders:
        own = [message for message in found if message.key() == order.encode()]
        assert len({message.partition() for message in own}) == 1
        assert [json.loads(message.value() or b"")["detail-type"] for message in own] == [
            "OrderPlaced",
            "OrderConfirmed",
            "OrderCancelled",
        ]


def test_a_record_is_the_event_as_the_bus_has_it(running: Broker, topic: str) -> None:
    event = confirmed("ord_1")
    assert deliver(event) == []
    (message,) = running.read(topic, 1)
    assert json.loads(message.value() or b"") == event.as_published()
    assert dict(message.headers() or []) == {"type": b"OrderConfirmed", "event_id": str(event.event_id).encode()}


def test_what_the_broker_does_not_take_holds_back_its_own_order(
    running: Broker, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = producer.produce

    def refuses_one(key: str, value: bytes, headers: dict[str, str]) -> None:
        if headers["type"] == "OrderPlaced" and key == "ord_1":
            raise producer.NotProduced("no answer")
        works(key, value, headers)

    monkeypatch.setattr(producer, "produce", refuses_one)
    events = [placed("ord_1"), placed("ord_2"), confirmed("ord_1"), confirmed("ord_2")]
    assert deliver(*events) == [str(events[0].event_id), str(events[2].event_id)]
    monkeypatch.undo()
    monkeypatch.setenv("TOPIC", topic)
    assert [json.loads(message.value() or b"")["detail-type"] for message in running.read(topic, 2)] == [
        "OrderPlaced",
        "OrderConfirmed",
    ]


def test_what_is_no_order_event_goes_back_to_the_queue(topic: str) -> None:
    message = sqs_record("{}", "poison", group="x")
    assert returned(bridge.handler({"Records": [message]}, None)) == ["poison"]


def test_without_a_broker_everything_goes_back_and_later_arrives(
    running: Broker, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producer, "_CONNECT_SECONDS", 0.5)
    monkeypatch.setenv("BROKERS", "127.0.0.1:9")
    event = placed("ord_1")
    assert deliver(event) == [str(event.event_id)]
    monkeypatch.setenv("BROKERS", running.address)
    assert deliver(event) == []
    assert len(running.read(topic, 1)) == 1


def test_a_topic_that_the_broker_does_not_make_is_created(topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mock cluster makes topics by itself and knows no CreateTopics, so both sides are played."""
    created: list[tuple[str, int]] = []

    class Created:
        def result(self) -> None:
            if len(created) > 1:
                raise KafkaException(KafkaError(KafkaError.TOPIC_ALREADY_EXISTS))

    class Admin:
        def __init__(self, settings: dict[str, Any]) -> None:
            assert "enable.idempotence" not in settings

        def poll(self, _seconds: float) -> None: ...

        def create_topics(self, topics: list[Any], **_limits: float) -> dict[str, Created]:
            created.extend((each.topic, each.num_partitions) for each in topics)
            return {each.topic: Created() for each in topics}

    class Client:
        def __init__(self, error: KafkaError | None) -> None:
            self.error = error

        def list_topics(self, name: str, timeout: float) -> Any:
            found = type("Found", (), {"error": self.error})
            return type("Topics", (), {"topics": {name: found}})

    monkeypatch.setattr(producer, "AdminClient", Admin)
    for error in (None, KafkaError(KafkaError.LEADER_NOT_AVAILABLE)):
        producer._require_topic(Client(error), {})  # type: ignore[arg-type]
    assert created == []
    unknown = Client(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
    for _ in range(2):  # the second time somebody else was faster
        producer._require_topic(unknown, {"enable.idempotence": True})  # type: ignore[arg-type]
    assert created == [(topic, 3)] * 2
    with pytest.raises(KafkaException):
        producer._require_topic(Client(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)), {})  # type: ignore[arg-type]


def test_from_the_queue_over_the_topic_to_the_view(running: Broker, topic: str, view: View) -> None:
    """Once over everything, with the event that the pump makes of real records."""
    assert deliver(placed("ord_1"), confirmed("ord_1"), confirmed("ord_2")) == []
    assert deliver(cancelled("ord_2"), cancelled("ord_2")) == []
    event = event_of(running.read(topic, 5), running.address)
    for _ in range(2):
        count_sales.handler(json.loads(json.dumps(event)), None)
    assert view.sold() == {("tea", "10"): (2, 1000)}
    assert view.set_aside() == []
