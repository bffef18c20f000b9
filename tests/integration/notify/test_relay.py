"""The outcome of a mail reaches the bus."""

import base64
import json
from typing import Any

import boto3
import pytest

from notify import relay
from tests.integration.notify.conftest import Surroundings, deliver, placed
from tests.support.tables import stream_records


@pytest.fixture
def bus(shop: Surroundings, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bus whose every event is put into a queue; its URL."""
    del shop  # it makes the AWS that this bus is of
    events, queues = boto3.client("events"), boto3.client("sqs")
    events.create_event_bus(Name="shop")
    queue = queues.create_queue(QueueName="everything")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="everything", EventBusName="shop", EventPattern='{"source": [{"prefix": "shop."}]}')
    events.put_targets(Rule="everything", EventBusName="shop", Targets=[{"Id": "queue", "Arn": arn}])
    monkeypatch.setenv("BUS_NAME", "shop")
    return queue


def in_json(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


@pytest.mark.usefixtures("verified_sender")
def test_a_sent_mail_becomes_one_event_without_the_address(shop: Surroundings, bus: str) -> None:
    event = placed(shop.customer("ada@example.com"))
    deliver(event)
    # As Lambda hands them over: in JSON, with bytes as base64.
    records = json.loads(json.dumps(stream_records(shop.table), default=in_json))
    assert len(records) == 2, "the intent, then the record"
    assert relay.handler({"Records": records}, None) == {"batchItemFailures": []}
    (message,) = boto3.client("sqs").receive_message(QueueUrl=bus, MaxNumberOfMessages=10)["Messages"]
    published = json.loads(message["Body"])
    assert (published["source"], published["detail-type"]) == ("shop.notify", "NotificationSent")
    assert published["detail"]["correlation_id"] == "ord_1"
    assert published["detail"]["data"]["about_event_id"] == str(event.event_id)
    assert "ada@" not in message["Body"]
