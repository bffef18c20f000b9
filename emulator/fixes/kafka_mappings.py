"""Event source mappings of Kafka topics: records reach the function as from MSK or a self-managed cluster.

AWS: pollers of one consumer group read the topics of a mapping and hand batches to the function, as `records` by
topic and partition with key, value and headers (Lambda Developer Guide, "Using Lambda with self-managed Apache Kafka":
"Example event"). A batch whose function failed is handed over again, whole, until it succeeds; offsets are committed
after that, so that order within a partition holds and a poller that dies repeats what it had not committed.
Emulator: a mapping without an event source's ARN is recorded without its topics and brokers; nobody reads it.
Fix: keep those settings, and a thread per mapping that reads the topics with a real Kafka client.
Left out: MSK itself (there is no cluster to read), authentication, filters, failure destinations, time stamps as
starting positions. Back-off ends at 5 s, so that a healed outage shows at once.
Goes when: MiniStack reads Kafka topics by itself.
"""

import base64
import json
import logging
import threading
import time
from typing import Any

from confluent_kafka import OFFSET_STORED, Consumer, KafkaError, KafkaException, Message, TopicPartition

from emulator.patching import expect, module, original, resource_handler

TYPE = "AWS::Lambda::EventSourceMapping"
# What a mapping of a topic has, and the emulator leaves out of a template's.
KEPT = ("SelfManagedEventSource", "SelfManagedKafkaEventSourceConfig", "SourceAccessConfigurations", "Topics")
BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 0.2, 5.0
POLL_SECONDS = 0.5
LOOK_SECONDS = 5.0  # how soon a new partition is noticed
DEFAULT_BATCH, DEFAULT_WINDOW_SECONDS = 100, 0.5
FOR_EVER_MS = 24 * 3600 * 1000
START = {"TRIM_HORIZON": "earliest", "LATEST": "latest"}

Mapping = dict[str, Any]
log = logging.getLogger("kafka")


def apply() -> None:
    functions = module("services.lambda_svc")
    for helper, parameters in {
        "_iter_all_esms": "",
        "_get_func_record_for_qualifier": "name qualifier",
        "_execute_function": "func event",
    }.items():
        original(functions, helper, parameters)
    handler = resource_handler(module("services.cloudformation.provisioners"), TYPE, "create", "update", "delete")
    create, update = handler["create"], handler["update"]
    expect(create.__name__ == "_lambda_esm_create", "CloudFormation's _lambda_esm_create")

    def create_mapping(logical_id: str, props: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        mapping_id, attributes = create(logical_id, props, stack)
        if "SelfManagedEventSource" in props:
            mapping = functions._esms[mapping_id]
            mapping.update({key: props[key] for key in KEPT if props.get(key)})
            Pump(functions, (functions.get_account_id(), functions.get_region()), mapping).start()
        return mapping_id, attributes

    def update_mapping(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str) -> Any:
        if any(old.get(key) != new.get(key) for key in KEPT):  # each needs another mapping, as on AWS
            made = create_mapping(physical_id, new, stack)
            handler["delete"](physical_id, old)
            return made
        return update(physical_id, old, new, stack)

    handler["create"], handler["update"] = create_mapping, update_mapping


class Pump(threading.Thread):
    """Reads the topics of one mapping until the mapping is deleted."""

    def __init__(self, functions: Any, scope: tuple[str, str], mapping: Mapping) -> None:
        super().__init__(name=f"kafka-{mapping['FunctionName']}", daemon=True)
        self.functions, self.scope, self.mapping = functions, scope, mapping
        self.look_again = 0.0
        self.brokers = ",".join(mapping["SelfManagedEventSource"]["Endpoints"]["KafkaBootstrapServers"])

    def run(self) -> None:
        account, region = self.scope
        self.functions._request_account_id.set(account)
        self.functions._request_region.set(region)
        consumer = self._consumer()
        try:
            while self._mapped():
                try:
                    self._find_partitions(consumer)
                    batch = self._batch(consumer)
                    if batch and self._deliver(batch):
                        consumer.commit(asynchronous=False)
                except KafkaException as failure:
                    # A commit that fails is at worst a batch that comes again: Lambda promises at least once.
                    log.warning("%s: %s", self.name, failure)
        finally:
            consumer.close()

    def _consumer(self) -> Consumer:
        config = self.mapping.get("SelfManagedKafkaEventSourceConfig") or {}
        return Consumer(
            {
                "bootstrap.servers": self.brokers,
                "group.id": config.get("ConsumerGroupId") or self.mapping["UUID"],
                "auto.offset.reset": START[self.mapping.get("StartingPosition", "LATEST")],
                "enable.auto.commit": False,
                # Its producer may come later than the mapping.
                "allow.auto.create.topics": True,
                # A batch is tried for as long as it takes.
                "max.poll.interval.ms": FOR_EVER_MS,
                "log_level": 3,
            }
        )

    def _find_partitions(self, consumer: Consumer) -> None:
        """Takes every partition that there is by now. Not through the group, which only keeps the offsets: with one
        reader there is nothing to share out, and joining takes seconds."""
        if time.monotonic() < self.look_again:
            return
        self.look_again = time.monotonic() + LOOK_SECONDS
        known = {(each.topic, each.partition) for each in consumer.assignment()}
        for topic in self.mapping["Topics"]:
            partitions = consumer.list_topics(topic, timeout=LOOK_SECONDS).topics[topic].partitions
            found = [TopicPartition(topic, number, OFFSET_STORED) for number in partitions]
            consumer.incremental_assign([each for each in found if (each.topic, each.partition) not in known])

    def _batch(self, consumer: Consumer) -> list[Message]:
        """What comes within the batching window after the first record."""
        if not _true(self.mapping.get("Enabled", True)):
            time.sleep(POLL_SECONDS)
            return []
        size = int(self.mapping.get("BatchSize") or DEFAULT_BATCH)
        window = float(self.mapping.get("MaximumBatchingWindowInSeconds") or DEFAULT_WINDOW_SECONDS)
        batch: list[Message] = []
        until = time.monotonic() + POLL_SECONDS
        while len(batch) < size and (left := until - time.monotonic()) > 0:
            message = consumer.poll(left)
            if message is None:
                continue
            if error := message.error():
                if error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    log.warning("%s: %s", self.name, error)
                continue
            if not batch:
                until = time.monotonic() + window
            batch.append(message)
        return batch

    def _deliver(self, batch: list[Message]) -> bool:
        """Hands the batch over until the function takes it; False when the mapping was deleted meanwhile."""
        event, delay = event_of(batch, self.brokers), BACKOFF_SECONDS
        while self._mapped():
            name, qualifier = self.mapping["FunctionName"], self.mapping.get("Qualifier")
            function = self.functions._get_func_record_for_qualifier(name, qualifier)[0]
            result = self.functions._execute_function(function, event) if function else {"throttle": True}
            if not result.get("error") and not result.get("throttle"):
                self.mapping["LastProcessingResult"] = "OK"
                return True
            self.mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
            log.warning("%s failed with %d records: %s", self.name, len(batch), json.dumps(result.get("body")))
            time.sleep(delay)
            delay = min(delay * 2, LONGEST_BACKOFF_SECONDS)
        return False

    def _mapped(self) -> bool:
        return any(mapping is self.mapping for _account, _region, mapping in self.functions._iter_all_esms())


def event_of(batch: list[Message], brokers: str) -> dict[str, Any]:
    """The invocation's event: records by topic and partition, each partition's in order."""
    records: dict[str, list[dict[str, Any]]] = {}
    for message in batch:
        kind, timestamp = message.timestamp()
        record = {
            "topic": message.topic(),
            "partition": message.partition(),
            "offset": message.offset(),
            "timestamp": timestamp,
            "timestampType": "LOG_APPEND_TIME" if kind == 2 else "CREATE_TIME",
            "key": _encoded(message.key()),
            "value": _encoded(message.value()),
            # Bytes as numbers, signed as in Java.
            "headers": [{str(header[0]): _signed(header[1])} for header in message.headers() or []],
        }
        records.setdefault(f"{message.topic()}-{message.partition()}", []).append(
            {key: value for key, value in record.items() if value is not None}
        )
    return {"eventSource": "SelfManagedKafka", "bootstrapServers": brokers, "records": records}


def _encoded(part: bytes | str | None) -> str | None:
    raw = part.encode() if isinstance(part, str) else part
    return None if raw is None else base64.b64encode(raw).decode()


def _signed(value: bytes | str | None) -> list[int]:
    raw = value.encode() if isinstance(value, str) else value or b""
    return [byte - 256 if byte > 127 else byte for byte in raw]


def _true(value: object) -> bool:
    """A template's boolean may arrive as a string."""
    return str(value).lower() == "true"
