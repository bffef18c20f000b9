"""The audit reads what services wrote, leaves everything as it was, and waits for quiet by looking, not by guessing."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

import audit
from audit import Step, judge, run_audit
from audit.endings import Endings, Machine, Queue, endings_of
from audit.evidence import Evidence, gather
from contracts.orders_stream import OrderStatus
from deployed.resources import Resource, Resources
from deployed.stack import Details, Stack
from shopkit.dynamodb import to_item
from tests.support.front_door import DETAILS
from tests.support.quiet_shop import SHORT, changed, quiet_shop, restock
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
        boto3.client("events").create_event_bus(Name="bus")
        pool = boto3.client("cognito-idp").create_user_pool(PoolName="customers")["UserPool"]["Id"]
        found |= {
            "Order/Queue": Resource("Order/Queue", "AWS::SQS::Queue", work),
            "Order/Dead": Resource("Order/Dead", "AWS::SQS::Queue", dead),
            "FailureBucket": Resource("FailureBucket", "AWS::S3::Bucket", "failures"),
            "Bus": Resource("Bus", "AWS::Events::EventBus", "bus"),
        }
        details = Details.model_validate({**DETAILS, "endpoint_url": None, "user_pool_id": pool})
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
    put(stack, "Inventory/Inventory", {"pk": "restock#MUG#1", "sku": "MUG", "quantity": 3, "product": product})
    put(stack, "Inventory/Inventory", {"pk": "restock#MUG#2", "sku": "MUG", "quantity": 2, "product": product})
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

    monkeypatch.setattr("audit.time.monotonic", lambda: now[0])
    monkeypatch.setattr("audit.time.sleep", pause)

    def show(*evidence: Evidence) -> list[Evidence]:
        left = list(evidence)
        monkeypatch.setattr(audit, "gather", lambda *_: left.pop(0) if len(left) > 1 else left[0])
        return left

    return show


def unfinished() -> Evidence:
    shop = quiet_shop()
    placed = shop.orders[SHORT].model_copy(
        update={"status": OrderStatus.PLACED, "version": 1, "open": "open", "reason": None}
    )
    running = replace(shop.endings, machines=(Machine("Workflows/Checkout", express=False, running=1),))
    return replace(changed(shop, orders={SHORT: placed}, payments={SHORT: None}), endings=running)


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
    broken = changed(quiet_shop(), restocks=(restock(99),))
    looks: list[Step] = []
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


def test_a_row_that_is_no_order_is_told_and_the_others_are_judged(stack: Stack) -> None:
    put(stack, "Order/Orders", {"pk": "order#ord_x", "customer_id": "customer-1@example.com", "version": "none"})
    evidence = gather(stack)
    assert [(row.table, row.key) for row in evidence.unreadable] == [("Order/Orders", "order#ord_x")]
    assert "version" in evidence.unreadable[0].fields
    assert "example.com" not in str(evidence.unreadable)
    assert [result.number for result in judge(evidence) if not result.ok] == [3]


def test_customers_are_known_by_the_id_that_orders_have_of_them(stack: Stack) -> None:
    cognito, pool = boto3.client("cognito-idp"), stack.details.user_pool_id
    user = cognito.admin_create_user(
        UserPoolId=pool, Username="ada@example.com", UserAttributes=[{"Name": "email", "Value": "ada@example.com"}]
    )["User"]
    [sub] = [attribute["Value"] for attribute in user["Attributes"] if attribute["Name"] == "sub"]
    assert gather(stack).customers[sub].email == "ada@example.com"


def fill(stack: Stack, orders: int) -> None:
    """Rows that are long enough for several pages of a megabyte each (Scan)."""
    for number in range(orders):
        row = {"order_id": f"ord_{number}", "at_event": "now", "text": "x" * 390_000}
        put(stack, "Order/Timeline", row)


def calls_of(stack: Stack) -> Counter[str]:
    """What a look at everything asks AWS."""
    calls: Counter[str] = Counter()

    def called(model: Any, **_: Any) -> None:
        calls[model.name] += 1

    gather(stack)  # which makes every client that it needs
    for client in stack._clients.values():
        client.meta.events.register("before-call", called)
    gather(stack)
    for client in stack._clients.values():
        client.meta.events.unregister("before-call", called)
    return calls


def test_twice_as_many_orders_cost_twice_as_many_pages_and_nothing_else(stack: Stack) -> None:
    none = calls_of(stack)
    fill(stack, 6)
    some = calls_of(stack)
    fill(stack, 12)
    twice = calls_of(stack)

    pages = {"Scan"}
    assert some["Scan"] > none["Scan"]
    assert twice["Scan"] - none["Scan"] <= 2 * (some["Scan"] - none["Scan"]) + 1
    for asked in (some, twice):
        assert {name: number for name, number in asked.items() if name not in pages} == {
            name: number for name, number in none.items() if name not in pages
        }


def test_what_reading_has_done_is_told_page_by_page(stack: Stack) -> None:
    fill(stack, 6)
    steps: list[Step] = []
    run_audit(stack, patience=0, progress=steps.append)
    reading = [step for step in steps if step.total]
    assert reading[-1].done == 6
    assert [step.done for step in reading] == sorted(step.done for step in reading)
    assert len({step.done for step in reading}) > 2


def test_a_busy_shop_says_what_it_waits_for_how_much_is_left_and_until_when(
    stack: Stack, shown: Callable[..., list[Evidence]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(quiet_shop())
    queues = tuple(Queue(f"Order/Queue{n}", n, final=False) for n in range(1, 6))
    machines = (Machine("Workflows/Checkout", express=False, running=12), Machine("Workflows/Review", False, running=9))
    busy = [Endings(machines, queues, ()), quiet_shop().endings]
    monkeypatch.setattr(audit, "endings_of", lambda _stack: busy.pop(0) if len(busy) > 1 else busy[0])
    steps: list[Step] = []

    run_audit(stack, patience=30, progress=steps.append)

    assert steps[0].left == 30
    assert steps[0].text == (
        "12 Workflows/Checkout running, 5 in Order/Queue5, 4 in Order/Queue4, and in 3 other places"
    )


_ANYBODY = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}


@pytest.fixture
def wired(stack: Stack) -> Stack:
    """With one of each thing that can be switched off: a rule with its queue, a schedule, an alarm, an archive."""
    events, found = boto3.client("events"), stack.resources._found
    sqs, work = boto3.client("sqs"), stack.resources["Order/Queue"]
    arn = sqs.get_queue_attributes(QueueUrl=work, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    dead = arn.replace("work", "dead")
    sqs.set_queue_attributes(
        QueueUrl=work, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [_ANYBODY]})}
    )
    events.put_rule(Name="rule", EventBusName="bus", EventPattern='{"source": ["shop.order"]}')
    events.put_targets(
        Rule="rule", EventBusName="bus", Targets=[{"Id": "queue", "Arn": arn, "DeadLetterConfig": {"Arn": dead}}]
    )
    events.put_rule(Name="schedule", ScheduleExpression="rate(1 minute)")
    events.put_targets(Rule="schedule", Targets=[{"Id": "queue", "Arn": "arn:aws:lambda:us-east-1:1:function:f"}])
    bus = events.describe_event_bus(Name="bus")["Arn"]
    events.create_archive(ArchiveName="archive", EventSourceArn=bus)
    boto3.client("cloudwatch").put_metric_alarm(
        AlarmName="alarm",
        AlarmActions=["arn:aws:sns:us-east-1:1:people"],
        MetricName="m",
        Namespace="n",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Threshold=0,
        Period=60,
        Statistic="Sum",
    )
    topic = boto3.client("sns").create_topic(Name="topic")["TopicArn"]
    subscription = boto3.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True
    )
    parts = {
        "Order/Rule": ("AWS::Events::Rule", "rule"),
        "Order/Schedule": ("AWS::Events::Rule", "schedule"),
        "Archive": ("AWS::Events::Archive", "archive"),
        "Order/Alarm": ("AWS::CloudWatch::Alarm", "alarm"),
        "Notify/Subscription": ("AWS::SNS::Subscription", subscription["SubscriptionArn"]),
    }
    more = {path: Resource(path, type_, id_) for path, (type_, id_) in parts.items()}
    stack.__dict__["resources"] = Resources({**found, **more})
    return stack


def test_what_is_switched_on_is_no_fault(wired: Stack) -> None:
    assert [result.faults for result in judge(gather(wired))] == [()] * 7


SWITCHES: dict[str, tuple[Callable[[Stack], object], str]] = {
    "a disabled rule": (
        lambda _: boto3.client("events").disable_rule(Name="rule", EventBusName="bus"),
        "Order/Rule: this rule is DISABLED",
    ),
    "a deleted target": (
        lambda _: boto3.client("events").remove_targets(Rule="rule", EventBusName="bus", Ids=["queue"]),
        "Order/Rule: this rule has no target",
    ),
    "a disabled schedule": (
        lambda _: boto3.client("events").disable_rule(Name="schedule"),
        "Order/Schedule: this rule is DISABLED",
    ),
    "a deleted archive": (
        lambda _: boto3.client("events").delete_archive(ArchiveName="archive"),
        "Archive: this archive is gone",
    ),
    "a paused alarm": (
        lambda _: boto3.client("cloudwatch").disable_alarm_actions(AlarmNames=["alarm"]),
        "Order/Alarm: this alarm is paused",
    ),
    "a deleted alarm": (
        lambda _: boto3.client("cloudwatch").delete_alarms(AlarmNames=["alarm"]),
        "Order/Alarm: this alarm is gone",
    ),
    "a deleted subscription": (
        lambda stack: boto3.client("sns").unsubscribe(SubscriptionArn=stack.resources["Notify/Subscription"]),
        "Notify/Subscription: this subscription is gone",
    ),
    "a deleted queue": (
        lambda stack: boto3.client("sqs").delete_queue(QueueUrl=stack.resources["Order/Dead"]),
        "Order/Dead: this queue is gone",
    ),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_what_is_switched_off_is_found(wired: Stack, switch: str) -> None:
    turn, says = SWITCHES[switch]
    turn(wired)
    assert says in judge(gather(wired))[4].faults
