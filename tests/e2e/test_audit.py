"""The audit as an independent witness: what somebody switched off, or wrote into a table, turns it red."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from audit import run_audit
from tests.support.desk import Desk
from tests.support.eventually import eventually, until
from tests.support.faults import switched_off
from tests.support.quiet import quiet
from tests.support.shop import Order, Person, RunningShop

pytestmark = pytest.mark.e2e


@contextmanager
def stopped(shop: RunningShop, trigger: str) -> Iterator[None]:
    functions, id_ = shop.aws("lambda"), shop.table(trigger)

    def switch(enabled: bool) -> None:
        functions.update_event_source_mapping(UUID=id_, Enabled=enabled)
        state = "Enabled" if enabled else "Disabled"
        eventually(lambda: functions.get_event_source_mapping(UUID=id_)["State"], state)

    switch(False)
    try:
        yield
    finally:
        switch(True)


@contextmanager
def paused(shop: RunningShop, alarm: str) -> Iterator[None]:
    cloudwatch, name = shop.aws("cloudwatch"), shop.table(alarm)
    cloudwatch.disable_alarm_actions(AlarmNames=[name])
    try:
        yield
    finally:
        cloudwatch.enable_alarm_actions(AlarmNames=[name])


@contextmanager
def without_redrive(shop: RunningShop, queue: str) -> Iterator[None]:
    sqs, url, name = shop.aws("sqs"), shop.table(queue), "RedrivePolicy"
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: ""})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


@contextmanager
def without_target(shop: RunningShop, rule: str) -> Iterator[None]:
    events, name, bus = shop.aws("events"), shop.table(rule).rpartition("|")[2], shop.table("Bus")
    targets = events.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]
    events.remove_targets(Rule=name, EventBusName=bus, Ids=[target["Id"] for target in targets])
    try:
        yield
    finally:
        events.put_targets(Rule=name, EventBusName=bus, Targets=targets)


SWITCHES: dict[str, tuple[Callable[[RunningShop], Any], str]] = {
    "trigger": (
        lambda shop: stopped(shop, "Order/RecordTimelineMessages"),
        "Order/RecordTimelineMessages: this trigger is Disabled",
    ),
    "rule": (lambda shop: switched_off(shop, "Payment/SettleRule"), "Payment/SettleRule: this rule is DISABLED"),
    "target": (lambda shop: without_target(shop, "Order/TimelineRule"), "Order/TimelineRule: this rule has no target"),
    "alarm": (
        lambda shop: paused(shop, "Order/Operations/AttentionDeadLettersAlarm"),
        "Order/Operations/AttentionDeadLettersAlarm: this alarm is paused",
    ),
    "redrive policy": (
        lambda shop: without_redrive(shop, "Order/TimelineQueue"),
        (
            "Order/TimelineQueue: Order/RecordTimelineMessages reads it, but no redrive policy "
            "says where what fails belongs"
        ),
    ),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_what_is_switched_off_turns_the_audit_red_until_it_is_on_again(shop: RunningShop, switch: str) -> None:
    off, says = SWITCHES[switch]
    with off(shop):
        assert says in run_audit(shop.stack, patience=0)[4].faults
    until(lambda: quiet(shop), bool, "a quiet shop")


def test_what_somebody_wrote_into_a_table_is_named_with_order_and_field(
    shop: RunningShop, customer: Person, desk: Desk
) -> None:
    order = customer.orders(shop.sells(stock=1, price=1000))
    order.becomes("CONFIRMED")
    until(lambda: quiet(shop), bool, "a quiet shop")

    with rewritten(order, "Order/Orders", {"pk": f"order#{order.id}"}, "customer_id", {"S": "somebody"}):
        assert f"{order.id}: OrderConfirmed 2 says customer_id" in faults(desk)
    with rewritten(order, "Payment/Payments", {"order_id": order.id}, "amount", {"M": {"amount": {"N": "1"}}}):
        assert f"{order.id}: its total is $10.00, but its payment is of $0.01" in faults(desk)


@contextmanager
def rewritten(order: Order, table: str, key: dict[str, str], field: str, value: dict[str, Any]) -> Iterator[None]:
    """One field of a row is otherwise. Its stream tells nobody, for the row's version stays."""
    dynamodb, marshalled = order.shop.aws("dynamodb"), {name: {"S": text} for name, text in key.items()}
    before = dynamodb.get_item(TableName=order.shop.table(table), Key=marshalled)["Item"]
    dynamodb.put_item(TableName=order.shop.table(table), Item={**before, field: value})
    try:
        yield
    finally:
        dynamodb.put_item(TableName=order.shop.table(table), Item=before)


def faults(desk: Desk) -> str:
    code, said = desk.tries("audit", "--wait", "0")
    assert code == 1
    return "\n".join(fault for check in said["checks"] for fault in check["faults"])
