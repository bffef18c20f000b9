"""A Kafka broker for tests: librdkafka's mock cluster, with the real wire protocol on a free port."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from tests.support.eventually import until

_SECONDS = 30.0


@dataclass
class Broker:
    """`address` is for clients. The cluster exists as long as this object."""

    address: str
    cluster: Producer = field(repr=False)

    def send(self, topic: str, value: bytes | None, key: str = "key") -> None:
        send(self.address, topic, value, key)

    def read(self, topic: str, count: int) -> list[Message]:
        """Returns the topic's records once there are `count`, each partition's in order."""
        with reader(self.address, topic) as consumer:
            found: list[Message] = []

            def look() -> list[Message]:
                found.extend(consumer.consume(100, 0.1))
                return found

            return until(look, lambda seen: len(seen) >= count, f"{count} records", within=_SECONDS)


def send(address: str, topic: str, value: bytes | None, key: str) -> None:
    """Writes a record, as any producer might."""
    producer = Producer({"bootstrap.servers": address, "log_level": 3})
    producer.produce(topic, value, key)
    assert producer.flush(_SECONDS) == 0


@contextmanager
def reader(address: str, topic: str) -> Iterator[Consumer]:
    """Reads the topic from its beginning."""
    settings: dict[str, Any] = {"bootstrap.servers": address, "group.id": str(uuid4()), "log_level": 3}
    consumer = Consumer(settings | {"auto.offset.reset": "earliest", "fetch.wait.max.ms": 10})
    # Assigned, because joining a group takes seconds.
    partitions = consumer.list_topics(topic, timeout=_SECONDS).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
    try:
        yield consumer
    finally:
        consumer.close()


@contextmanager
def broker() -> Iterator[Broker]:
    """An empty broker until the block ends. It creates a topic when a client first asks about it."""
    cluster = Producer({"bootstrap.servers": "unused", "test.mock.num.brokers": 1, "log_level": 3})
    (found,) = cluster.list_topics(timeout=_SECONDS).brokers.values()
    yield Broker(f"{found.host}:{found.port}", cluster)
