"""An idempotent producer that writes one record at a time to the topic."""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from kafkabridge import access
from shopkit.telemetry import logger

# Ten messages that each wait this long, plus a connection, fit into the function's time-out.
_DELIVERY_SECONDS = 5
_CONNECT_SECONDS = 10
# The topic exists, and its partitions are being assigned.
_MADE = (KafkaError.LEADER_NOT_AVAILABLE, KafkaError.TOPIC_ALREADY_EXISTS)


class NotProduced(Exception):
    """The broker did not acknowledge the record in time, or refused it. It may have been written nevertheless."""


def produce(key: str, value: bytes, headers: Mapping[str, str]) -> None:
    """Writes one record and waits until all replicas have it. Raises NotProduced, or KafkaException if there is no
    broker or no topic."""
    producer, reports = _producer(), list[KafkaError | None]()
    try:
        producer.produce(
            os.environ["TOPIC"],
            value,
            key,
            headers=list(headers.items()),
            on_delivery=lambda error, _message: reports.append(error),
        )
        producer.flush(_DELIVERY_SECONDS + 1)
        if reports != [None]:
            raise NotProduced(str(reports[0]) if reports else "no answer")
    except Exception:
        # A record in flight must not arrive after its own next attempt. A producer whose sequence is broken cannot
        # continue, so the next record gets a new one.
        producer.purge()
        _producer.cache_clear()
        raise


@cache
def _producer() -> Producer:
    """Returns a connected producer whose topic exists. It is kept as long as the execution environment."""
    settings = {
        **access.settings(),
        "client.id": "cartwheel-bridge",
        # A retry by the client is written once and in order. Implies acknowledgement by all replicas.
        "enable.idempotence": True,
        "linger.ms": 0,
        "message.timeout.ms": _DELIVERY_SECONDS * 1000,
    }
    producer = Producer(settings)
    producer.poll(0)  # requests the first token, which the connection needs
    _require_topic(producer, settings)
    return producer


def _require_topic(producer: Producer, settings: dict[str, Any]) -> None:
    """Creates the topic if it does not exist and the broker does not create it. Raises KafkaException."""
    name = os.environ["TOPIC"]
    error = producer.list_topics(name, timeout=_CONNECT_SECONDS).topics[name].error
    if error is None or error.code() in _MADE:
        return
    if error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
        raise KafkaException(error)
    # The broker's default number of replicas.
    topic = NewTopic(name, num_partitions=int(os.environ["PARTITIONS"]), replication_factor=-1)
    shared = {key: value for key, value in settings.items() if key not in _PRODUCERS_OWN}
    admin = AdminClient(shared)
    admin.poll(0)
    try:
        admin.create_topics([topic], operation_timeout=_CONNECT_SECONDS, request_timeout=_CONNECT_SECONDS)[
            name
        ].result()
        logger.info("topic created", topic=name)
    except KafkaException as refused:
        if refused.args[0].code() not in _MADE:
            raise


_PRODUCERS_OWN = ("enable.idempotence", "linger.ms", "message.timeout.ms")
