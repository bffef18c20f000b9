"""The audit reads what services wrote, leaves everything as it was, and waits for quiet by looking, not by guessing."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

import cli.audit
from cli.audit import run_audit
from cli.audit.endings import Machine, endings_of
from cli.audit.evidence import Evidence, gather
from cli.context import Details, Stack
from cli.stack import Resource, Resources
from contracts.orders_stream import OrderStatus
from shopkit.dynamodb import to_item
from tests.support.front_door import DETAILS
from tests.support.quiet_shop import SHORT, changed, quiet_shop
from tests.support.tables import create_tables

SERVICES = ("order", "inventory", "payment", "notify", "clickstream")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """The tables of every service's template, a queue with its dead letters, and the bucket of failed batches."""
    with mock_aws():
        found = {
            f"{service.title()}/{logical_id}": Resource(f"{service.title()}/{logical_id}", "AWS::DynamoDB::Table", name)
            for service in SERVICES
            for logical_id, name in create_tables(service).items()
        }
        sqs = boto3.client("sqs")
        dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
        work = sqs.create_queue(QueueName="work", Attributes={"RedrivePolicy": redrive})["QueueUrl"]
        boto3.client("s3").create_bucket(Bucket="failures")
        found |= {
            "Order/Queue": Resource("Order/Queue", "AWS::SQS::Queue", work),
            "Order/Dead": Resource("Order/Dead", "AWS::SQS::Queue", dead),
            "FailureBucket": Resource("FailureBucket", "AWS::S3::Bucket", "failures"),
        }
        details = Details.model_validate({**DETAILS, "endpoint_url": None})
        deployed = Stack(details, tmp_path / "users.json", boto3.Session())
        deployed.__dict__["resources"] = Resources(found)
        yield deployed


def put(stack: Stack, path: str, row: dict[str, Any]) -> None:
    boto3.client("dynamodb").put_item(TableName=stack.resources[path], Item=to_item(row))


def test_an_empty_shop_has_every_table_and_nothing_in_it(stack: Stack) -> None:
    evidence = gather(stack)
    assert evidence.orders == {}
    assert evidence.counters == ()
    assert evidence.endings.idle


def test_rows_are_told_apart_by_their_keys(stack: Stack) -> None:
    product = {
        "pk": "product#MUG",
        "sku": "MUG",
        "name": "Mug",
        "price": {"amount": 1, "currency": "USD"},
        "version": 1,
    }
    put(stack, "Order/Orders", product)
    put(stack, "Inventory/Inventory", {**product, "available": 5, "reserved": 0})
    put(stack, "Inventory/Inventory", {"pk": "restock#MUG#1", "sku": "MUG", "quantity": 3})
    put(stack, "Inventory/Inventory", {"pk": "restock#MUG#2", "sku": "MUG", "quantity": 2})
    evidence = gather(stack)
    assert evidence.restocked == {"MUG": 5}
    assert evidence.products["MUG"].available == 5
    assert evidence.replica["MUG"].price.amount == 1
    assert evidence.orders == {}


def test_the_webhook_is_known_by_its_subscription(stack: Stack) -> None:
    assert gather(stack).webhook_since is None
    path, since = "Notify/WebhookSubscription", datetime(2026, 1, 1, tzinfo=UTC)
    subscription = Resource(path, "AWS::SNS::Subscription", "arn:subscription", since)
    stack.__dict__["resources"] = Resources({**stack.resources._found, path: subscription})
    assert gather(stack).webhook_since == since


def test_looking_into_dead_letters_leaves_them_there(stack: Stack) -> None:
    sqs, dead = boto3.client("sqs"), stack.resources["Order/Dead"]
    sent = {sqs.send_message(QueueUrl=dead, MessageBody=f"body {n}")["MessageId"]: f"body {n}" for n in range(12)}
    for _ in range(2):
        [queue] = [queue for queue in endings_of(stack).queues if queue.final]
        assert queue.depth == 12
        assert {message.id: message.body for message in queue.messages} == sent


def test_work_that_waits_is_counted_but_never_touched(stack: Stack) -> None:
    sqs, work = boto3.client("sqs"), stack.resources["Order/Queue"]
    sqs.send_message(QueueUrl=work, MessageBody="work")
    [queue] = [queue for queue in endings_of(stack).queues if not queue.final]
    assert (queue.depth, queue.messages) == (1, ())
    assert not endings_of(stack).idle
    [message] = sqs.receive_message(QueueUrl=work, AttributeNames=["ApproximateReceiveCount"])["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"


def test_failed_stream_batches_are_found_in_their_bucket(stack: Stack) -> None:
    boto3.client("s3").put_object(Bucket="failures", Key="aws/lambda/batch", Body=b"{}")
    assert endings_of(stack).failed_batches == ("aws/lambda/batch",)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Evidence]]:
    """The audit sees these, one after the other and the last for ever, on a clock that its pauses move."""
    now = [0.0]

    def pause(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr("cli.audit.time.monotonic", lambda: now[0])
    monkeypatch.setattr("cli.audit.time.sleep", pause)

    def show(*evidence: Evidence) -> list[Evidence]:
        left = list(evidence)
        monkeypatch.setattr(cli.audit, "gather", lambda _stack: left.pop(0) if len(left) > 1 else left[0])
        return left

    return show


def unfinished() -> Evidence:
    shop = quiet_shop()
    placed = shop.orders[SHORT].model_copy(update={"status": OrderStatus.PLACED, "version": 1})
    running = replace(shop.endings, machines=(Machine("Workflows/Checkout", express=False, running=1),))
    return replace(changed(shop, orders={SHORT: placed}), endings=running)


def test_it_waits_until_the_shop_is_quiet(stack: Stack, shown: Callable[..., list[Evidence]]) -> None:
    left = shown(unfinished(), unfinished(), quiet_shop())
    assert all(result.ok for result in run_audit(stack))
    assert len(left) == 1


def test_it_does_not_wait_for_ever(stack: Stack, shown: Callable[..., list[Evidence]]) -> None:
    shown(unfinished())
    results = run_audit(stack, patience=30)
    assert [result.number for result in results if not result.ok] == [3, 4, 5]


def test_a_fault_in_a_shop_that_does_not_move_any_more_is_told_before_patience_ends(
    stack: Stack, shown: Callable[..., list[Evidence]]
) -> None:
    broken = changed(quiet_shop(), restocked={"MUG": 99})
    looks: list[str] = []
    shown(broken)
    results = run_audit(stack, patience=3600, progress=looks.append)
    assert [result.number for result in results if not result.ok] == [1]
    assert len(looks) < 100


def test_what_is_declared_dead_need_not_go_away(stack: Stack) -> None:
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=stack.resources["Order/Dead"], MessageBody='{"detail": {"event_id": "e1"}}')
    assert all(result.ok for result in run_audit(stack, expect_dead=["e1"]))
    faults = run_audit(stack, patience=0)[4].faults
    assert len(faults) == 1
    assert faults[0].startswith("Order/Dead: 1 message")
