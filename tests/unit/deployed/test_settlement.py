"""A closed order's money is settled again from its dead letter, or from what its timeline remembers."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from contracts.envelope import Envelope
from contracts.order import OrderConfirmed, OrderRejected
from deployed.errors import CommandError
from deployed.settlement import settle_again
from schemas.examples import example
from shopkit.dynamodb import to_item
from tests.support.aws_stack import AwsStack
from tests.support.tables import create_tables

REJECTED: Envelope[OrderRejected] = example(OrderRejected)
ORDER = REJECTED.data.order_id


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[AwsStack]:
    with mock_aws():
        made = AwsStack(tmp_path)
        made.queue("Payment/SettleDeadLetters")
        made.queue("Payment/SettleQueue", dead_letters="Payment/SettleDeadLetters")
        made.add("Order/Timeline", "AWS::DynamoDB::Table", create_tables("order")["Timeline"])
        yield made


def remember(aws: AwsStack, event: Envelope[OrderRejected] | Envelope[OrderConfirmed]) -> None:
    row = {
        "order_id": event.data.order_id,
        "at_event": f"1#{event.event_id}",
        "source": event.source,
        "type": event.type,
        **event.model_dump(mode="json"),
    }
    boto3.client("dynamodb").put_item(TableName=aws.stack.resources["Order/Timeline"], Item=to_item(row))


def test_its_dead_letter_goes_back_into_the_queue_and_no_others(aws: AwsStack) -> None:
    aws.lies("Payment/SettleDeadLetters", json.dumps({"detail-type": "x", "detail": {"data": {"order_id": "other"}}}))
    body = json.dumps(REJECTED.as_published())
    aws.lies("Payment/SettleDeadLetters", body)
    assert settle_again(aws.stack, ORDER) == "its dead letter"
    assert [message["Body"] for message in aws.taken("Payment/SettleQueue")] == [body]
    assert len(aws.taken("Payment/SettleDeadLetters")) == 1


def test_without_a_dead_letter_the_closing_event_comes_from_the_timeline(aws: AwsStack) -> None:
    remember(aws, REJECTED)
    assert settle_again(aws.stack, ORDER) == "its timeline"
    (message,) = aws.taken("Payment/SettleQueue")
    assert json.loads(message["Body"]) == REJECTED.as_published()


def test_an_order_that_nothing_closed_has_nothing_to_settle(aws: AwsStack) -> None:
    remember(aws, example(OrderConfirmed))
    with pytest.raises(CommandError, match="nothing to settle"):
        settle_again(aws.stack, ORDER)
    assert aws.taken("Payment/SettleQueue") == []


def test_what_the_queue_is_about_to_bury_is_awaited(aws: AwsStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sent beside it, the event would be settled, and its dead letter lie there for nothing."""
    body = json.dumps(REJECTED.as_published())
    aws.lies("Payment/SettleQueue", body)

    def its_last_delivery_fails(_seconds: float) -> None:
        boto3.client("sqs").purge_queue(QueueUrl=aws.stack.resources["Payment/SettleQueue"])
        aws.lies("Payment/SettleDeadLetters", body)

    monkeypatch.setattr("deployed.settlement.time.sleep", its_last_delivery_fails)
    assert settle_again(aws.stack, ORDER) == "its dead letter"
    assert aws.taken("Payment/SettleDeadLetters") == []
