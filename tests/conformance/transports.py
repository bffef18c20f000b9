"""The five transports of events in the shop: what each promises, and how to send with it on the embedded AWS."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from contracts.envelope import Envelope, envelop
from contracts.order import OrderCancelled
from contracts.types import Money
from tests.emulator.account import Account
from tests.support import kafka

ROOT = Path(__file__).resolve().parents[2]
SOURCES = os.pathsep.join(map(str, (ROOT, ROOT / "layer")))
_WINDOW = 2  # seconds that a failed message is hidden; shorter than real visibility time-outs, so that tests are fast


def event(key: str, number: int, what: str, at: datetime) -> Envelope[OrderCancelled]:
    data = OrderCancelled(order_id=key, customer_id="c", total=Money(amount=1), reason=what)
    return envelop(data, entity_id=key, entity_version=number, occurred_at=at, correlation_id=key)


@dataclass(frozen=True)
class Promise:
    """What a consumer may rely on. `order` is about events with the same key."""

    name: str
    order: str
    delivery: str
    size: str
    retention: str
    replay: str
    poison: str

    @property
    def ordered(self) -> bool:
        return self.order != "none"


EVENTBRIDGE = Promise(
    "EventBridge → SQS",
    "none",
    "at least once",
    "1 MB",
    "queue 4 days, dead letters 14",
    "archive, by rule and time",
    "dead-letter queue, after its attempts",
)
SNS = Promise(
    "SNS FIFO → SQS FIFO",
    "per group (order)",
    "once within 5 minutes, then at least once",
    "256 KB",
    "queue 4 days, dead letters 14",
    "none here",
    "dead-letter queue, after its attempts; its group waits, and what came with it follows",
)
STREAM = Promise(
    "DynamoDB Streams",
    "per item",
    "at least once",
    "an item, 400 KB",
    "24 hours",
    "from the table itself",
    "failure queue, at once",
)
KINESIS = Promise(
    "Kinesis",
    "per partition key",
    "at least once",
    "1 MB, up to 10 if asked for",
    "24 hours, up to a year",
    "a reader from any time",
    "failure queue, at once",
)
KAFKA = Promise(
    "Kafka (MSK)",
    "per key",
    "at least once",
    "1 MB, by the broker",
    "the broker's: 7 days",
    "any group from any offset",
    "failure queue, at once",
)


class Transport:
    """A transport with a consumer, deployed for a test."""

    promise: Promise
    consumer: str

    def __init__(self, account: Account) -> None:
        self.account = account
        self.folder = account.folder / account.name("transport")
        self.folder.mkdir()
        for name in ("applied", "attempts"):
            (self.folder / name).touch()
        self.failures = account.queue()
        self.prepare()

    def prepare(self) -> None:
        raise NotImplementedError

    def send(self, events: Sequence[Envelope[Any]], *, again: bool = False) -> None:
        """Sends events in this order. `again` means that the sender repeats them because it does not know whether they
        arrived."""
        raise NotImplementedError

    def send_poison(self, key: str) -> None:
        """Sends a message that is not an event, among those of this key."""
        raise NotImplementedError

    def function(self) -> str:
        counted, _ = self.account.table(stream=False)
        code = f"import sys\nsys.path[:0] = {SOURCES.split(os.pathsep)!r}\n"
        code += f"from tests.conformance.consumers import {self.consumer} as handler\n"
        return self.account.function(
            code,
            {"Action": ["dynamodb:PutItem", "sqs:SendMessage"], "Resource": "*"},
            {"Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], "Resource": "*"},
            FOLDER=str(self.folder),
            COUNTED=counted,
            FAILURE_QUEUE_URL=self.failures,
            POWERTOOLS_SERVICE_NAME="conformance",
            POWERTOOLS_TRACE_DISABLED="true",
            AWS_XRAY_SDK_ENABLED="false",
        )

    def read_by(self, source: str, **settings: Any) -> None:
        self.account.client("lambda").create_event_source_mapping(
            EventSourceArn=source, FunctionName=self.function(), **settings
        )

    def applied(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "applied").read_text().splitlines()]

    def attempts(self) -> int:
        return len((self.folder / "attempts").read_text().splitlines())

    def set_aside(self) -> list[str]:
        return [message["Body"] for message in self.account.receive(self.failures)]


class _Queued(Transport):
    def queue(self, **attributes: str) -> tuple[str, str]:
        """Returns the URL and ARN of a queue whose messages become dead letters after three failures."""
        redrive = {"deadLetterTargetArn": self.account.queue_arn(self.failures), "maxReceiveCount": 3}
        url: str = self.account.client("sqs").create_queue(
            QueueName=self.account.name("queue") + (".fifo" if attributes else ""),
            Attributes={"RedrivePolicy": json.dumps(redrive), "VisibilityTimeout": str(_WINDOW), **attributes},
        )["QueueUrl"]
        return url, self.account.queue_arn(url)

    def let_in(self, url: str, arn: str, service: str) -> None:
        allow = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self.account.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


class EventBridgeToSqs(_Queued):
    promise, consumer = EVENTBRIDGE, "queue"

    def prepare(self) -> None:
        url, arn = self.queue()
        self.let_in(url, arn, "events.amazonaws.com")
        self.bus, events = self.account.name("bus"), self.account.client("events")
        events.create_event_bus(Name=self.bus)
        events.put_rule(Name="rule", EventBusName=self.bus, EventPattern=json.dumps({"source": ["shop.order"]}))
        events.put_targets(Rule="rule", EventBusName=self.bus, Targets=[{"Id": "queue", "Arn": arn}])
        self.read_by(arn, BatchSize=10, FunctionResponseTypes=["ReportBatchItemFailures"])

    def send(self, events: Sequence[Envelope[Any]], *, again: bool = False) -> None:
        del again
        for each in events:
            self._put(each.model_dump_json())

    def send_poison(self, key: str) -> None:
        self._put(json.dumps({"poison": key}))

    def _put(self, detail: str) -> None:
        entry = {"EventBusName": self.bus, "Source": "shop.order", "DetailType": "OrderCancelled", "Detail": detail}
        assert not self.account.client("events").put_events(Entries=[entry])["FailedEntryCount"]


class SnsFifoToSqsFifo(_Queued):
    promise, consumer = SNS, "fifo_queue"

    def prepare(self) -> None:
        self.failures = self.account.client("sqs").create_queue(
            QueueName=self.account.name("letters") + ".fifo", Attributes={"FifoQueue": "true"}
        )["QueueUrl"]
        url, arn = self.queue(FifoQueue="true")
        self.let_in(url, arn, "sns.amazonaws.com")
        sns = self.account.client("sns")
        self.topic = sns.create_topic(Name=self.account.name("topic") + ".fifo", Attributes={"FifoTopic": "true"})[
            "TopicArn"
        ]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
        self.read_by(arn, BatchSize=10, FunctionResponseTypes=["ReportBatchItemFailures"])

    def send(self, events: Sequence[Envelope[Any]], *, again: bool = False) -> None:
        for each in events:
            # After five minutes the topic has forgotten the first one, so a repetition has a different deduplication
            # id.
            id_ = f"{each.event_id}{'-again' if again else ''}"
            self._publish(json.dumps(each.as_published()), each.correlation_id, id_)

    def send_poison(self, key: str) -> None:
        self._publish(json.dumps({"poison": key}), key, f"poison-{key}")

    def _publish(self, message: str, group: str, id_: str) -> None:
        self.account.client("sns").publish(
            TopicArn=self.topic, Message=message, MessageGroupId=group, MessageDeduplicationId=id_
        )


class DynamoDbStream(Transport):
    promise, consumer = STREAM, "table_stream"

    def prepare(self) -> None:
        self.table, stream = self.account.table()
        self.read_by(
            stream, StartingPosition="TRIM_HORIZON", BatchSize=10, FunctionResponseTypes=["ReportBatchItemFailures"]
        )

    def send(self, events: Sequence[Envelope[Any]], *, again: bool = False) -> None:
        for each in events:
            # The item is the order, and its changes are the events. Writing the same again appears in the stream only
            # if something differs.
            row = {"event_id": str(each.event_id), "order": each.correlation_id, "number": each.data.reason}
            self._put(each.correlation_id, row | ({"again": "yes"} if again else {}))

    def send_poison(self, key: str) -> None:
        self._put(f"poison-{key}", {"poison": key})

    def _put(self, id_: str, row: Mapping[str, str]) -> None:
        item = {name: {"S": value} for name, value in {"id": id_, **row}.items()}
        self.account.client("dynamodb").put_item(TableName=self.table, Item=item)


class KinesisStream(Transport):
    promise, consumer = KINESIS, "kinesis_stream"

    def prepare(self) -> None:
        kinesis = self.account.client("kinesis")
        self.stream = self.account.name("stream")
        kinesis.create_stream(StreamName=self.stream, ShardCount=2)

        def active() -> Any:
            described = kinesis.describe_stream(StreamName=self.stream)["StreamDescription"]
            return described if described["StreamStatus"] == "ACTIVE" else None

        arn = self.account.eventually(active)["StreamARN"]
        self.read_by(
            arn, StartingPosition="TRIM_HORIZON", BatchSize=10, FunctionResponseTypes=["ReportBatchItemFailures"]
        )

    def send(self, events: Sequence[Envelope[Any]], *, again: bool = False) -> None:
        del again
        for each in events:
            self._put(json.dumps(each.as_published()).encode(), each.correlation_id)

    def send_poison(self, key: str) -> None:
        self._put(json.dumps({"poison": key}).encode(), key)

    def _put(self, data: bytes, key: str) -> None:
        self.account.client("kinesis").put_record(StreamName=self.stream, Data=data, PartitionKey=key)


@cache
def _broker() -> Any:
    """One for the whole session, because a mock cluster exists as long as its context."""
    context = kafka.broker()
    return context, context.__enter__()


class KafkaTopic(Transport):
    promise, consumer = KAFKA, "kafka_topic"

    def prepare(self) -> None:
        self.broker, self.topic = _broker()[1], self.account.name("topic")
        mapping = {
            "FunctionName": self.function(),
            "SelfManagedEventSource": {"Endpoints": {"KafkaBootstrapServers": [self.broker.address]}},
            "Topics": [self.topic],
            "StartingPosition": "TRIM_HORIZON",
            "BatchSize": 10,
        }
        template = {"Resources": {"M": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping}}}
        self.account.deploy(self.account.name("stack"), json.dumps(template))

    def send(self, events: Sequence[Envelope[Any]], *, again: bool = False) -> None:
        del again
        for each in events:
            self.broker.send(self.topic, json.dumps(each.as_published()).encode(), each.correlation_id)

    def send_poison(self, key: str) -> None:
        self.broker.send(self.topic, json.dumps({"poison": key}).encode(), key)


TRANSPORTS: tuple[Callable[[Account], Transport], ...] = (
    EventBridgeToSqs,
    SnsFifoToSqsFifo,
    DynamoDbStream,
    KinesisStream,
    KafkaTopic,
)
