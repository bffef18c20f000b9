"""Kafka event sources keep AWS's promises: the event's shape, order, a failed batch again and whole, nothing lost."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator.account import Account
from tests.support.kafka import Broker, broker

# Notes every batch in a file, then fails while a record says so and another file does not say that it is over.
RECORDER = """
    import json, os, base64

    def handler(event, context):
        with open(os.environ["SEEN"], "a") as seen:
            seen.write(json.dumps(event) + "\\n")
        values = [base64.b64decode(each["value"]) for some in event["records"].values() for each in some]
        if b"fails" in values and not os.path.getsize(os.environ["HEALED"]):
            raise ValueError("not yet")
"""


@pytest.fixture(scope="module")
def kafka() -> Iterator[Broker]:
    with broker() as found:
        yield found


class Reader:
    """A function that reads a topic by a mapping from a template, and what it saw."""

    def __init__(self, account: Account, kafka: Broker, **properties: Any) -> None:
        self.account, self.kafka, self.topic = account, kafka, account.name("topic")
        self.seen, self.healed = account.file("seen"), account.file("healed")
        self.function = account.function(RECORDER, SEEN=str(self.seen), HEALED=str(self.healed))
        self.mapping = {
            "FunctionName": self.function,
            "SelfManagedEventSource": {"Endpoints": {"KafkaBootstrapServers": [kafka.address]}},
            "SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": account.name("group")},
            "Topics": [self.topic],
            "StartingPosition": "TRIM_HORIZON",
        } | properties
        self.start()

    def start(self) -> None:
        self.stack = self.account.name("stack")
        body = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": self.mapping}
        self.account.client("cloudformation").create_stack(
            StackName=self.stack, TemplateBody=json.dumps({"Resources": {"Mapping": body}})
        )

    def stop(self) -> None:
        self.account.client("cloudformation").delete_stack(StackName=self.stack)
        mappings = self.account.client("lambda").list_event_source_mappings
        self.account.eventually(lambda: not mappings(FunctionName=self.function)["EventSourceMappings"])

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.seen.read_text().splitlines()]

    def values(self) -> list[bytes]:
        """What came, failed attempts included."""
        return [
            base64.b64decode(record["value"])
            for event in self.events()
            for records in event["records"].values()
            for record in records
        ]

    def saw(self, *values: bytes) -> None:
        self.account.eventually(lambda: set(values) <= set(self.values()), 30)


def test_the_function_gets_what_lambda_documents(account: Account, kafka: Broker) -> None:
    reader = Reader(account, kafka)
    kafka.send(reader.topic, "größe".encode(), "ord_1")
    reader.saw("größe".encode())
    (event,) = reader.events()
    assert event["eventSource"] == "SelfManagedKafka"
    assert event["bootstrapServers"] == kafka.address
    ((name, (record,)),) = event["records"].items()
    assert name == f"{reader.topic}-{record['partition']}"
    assert record["topic"] == reader.topic
    assert record["offset"] == 0
    assert record["timestampType"] == "CREATE_TIME"
    assert base64.b64decode(record["key"]) == b"ord_1"
    assert record["headers"] == []


def test_a_failed_batch_comes_again_whole_before_what_is_behind_it(account: Account, kafka: Broker) -> None:
    reader = Reader(account, kafka, BatchSize=2)
    for value in (b"first", b"fails", b"behind"):
        kafka.send(reader.topic, value, "one key")
    account.eventually(lambda: reader.values().count(b"fails") >= 2, 30)
    assert b"behind" not in reader.values()
    reader.healed.write_text("yes")
    reader.saw(b"behind")
    delivered = reader.values()
    assert delivered[-1] == b"behind"
    assert delivered.count(b"behind") == 1


def test_a_deleted_mapping_reads_no_more_and_its_group_goes_on_where_it_was(account: Account, kafka: Broker) -> None:
    reader = Reader(account, kafka)
    kafka.send(reader.topic, b"before")
    reader.saw(b"before")
    reader.stop()
    kafka.send(reader.topic, b"while away")
    reader.start()
    reader.saw(b"while away")
    assert reader.values() == [b"before", b"while away"]
