"""What calls for a person reaches one, and says what to do."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.app import main
from operations.alarms import alarms
from operations.dashboard import OPTIONAL
from tests.support.eventually import eventually, until
from tests.support.faults import event_of, seen_again_soon
from tests.support.operators import listening
from tests.support.shop import Person, RunningShop

pytestmark = pytest.mark.e2e


def deployed_alarms(shop: RunningShop) -> list[dict[str, Any]]:
    names = [alarm.id for alarm in shop.stack.resources.of_type("AWS::CloudWatch::Alarm")]
    found: list[dict[str, Any]] = shop.aws("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    return found


def as_if_all_were_well(shop: RunningShop, *names: str) -> None:
    """What an earlier test did may still ring."""
    for name in names:
        shop.aws("cloudwatch").set_alarm_state(AlarmName=name, StateValue="OK", StateReason="A test begins.")


def command(shop: RunningShop, *words: str) -> None:
    assert main(["--home", str(shop.stack.file.parent), *words]) == 0


@contextmanager
def locked(shop: RunningShop, queue: str) -> Iterator[None]:
    """Nobody may put anything into the queue."""
    sqs, url = shop.aws("sqs"), shop.table(queue)
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=policy)


def test_money_that_is_stuck_alarms_the_operators(shop: RunningShop, customer: Person) -> None:
    """Scenario 19: attention, and the dead letter of the last attempt. Settling heals it."""
    attention, dead_letters = (f"{shop.table('Bus')}-{name}" for name in ("order-attention", "settle-dead-letters"))
    order = customer.orders(shop.sells(stock=1), paying_with="pm_settle_fails")
    order.becomes("CONFIRMED")
    as_if_all_were_well(shop, attention, dead_letters)

    with listening(shop) as told, seen_again_soon(shop, "Payment/SettleQueue"):
        assert customer.cancels(order).status_code == 202

        eventually(lambda: {attention, dead_letters} <= told.alarms.keys(), True)
        assert told.alarms[attention].endswith(" See docs/runbooks.md#order-attention")
        assert any(order.id in sentence for sentence in told.sentences)

        command(shop, "settle", order.id)
    assert order.now["attention"] is None


def test_an_event_that_cannot_be_delivered_alarms_the_operators(shop: RunningShop, customer: Person) -> None:
    """Scenario 12: the rule buries it, somebody hears of it, a redrive heals it."""
    name = f"{shop.table('Bus')}-purchases-dead-letters"
    mug = shop.sells(stock=1)
    as_if_all_were_well(shop, name)

    with listening(shop) as told:
        with locked(shop, "Clickstream/PurchasesQueue"):
            order = customer.orders(mug)
            event_of(order, "OrderConfirmed")
            eventually(lambda: name in told.alarms, True)

        command(shop, "dlq", "redrive", "Clickstream/PurchasesDeadLetters")


def test_every_alarm_watches_something_that_is_there(shop: RunningShop) -> None:
    """A metric of a resource that does not exist never has data, and its alarm never goes off."""
    bus, resources = shop.table("Bus"), shop.stack.resources
    ids = set(resources.values())
    known = {
        "QueueName": {each.rsplit("/", 1)[-1] for each in ids},
        "FunctionName": ids,
        "StateMachineArn": ids,
        "EventBusName": {bus},
        "RuleName": {each.rpartition("|")[2] for each in ids},
        "ApiName": {api["name"] for api in shop.aws("apigateway").get_rest_apis()["items"]},
    }

    deployed = deployed_alarms(shop)

    assert {alarm["AlarmName"] for alarm in deployed} == {f"{bus}-{alarm.name}" for alarm in alarms()}
    for alarm in deployed:
        assert alarm["AlarmActions"] == [shop.table("Notify/OperatorsTopic")]
        for dimension in alarm["Dimensions"]:
            assert dimension["Value"] in known[dimension["Name"]], alarm


def test_the_dashboard_shows_every_alarm_that_is_always_there(shop: RunningShop) -> None:
    bus = shop.table("Bus")
    body = json.loads(shop.aws("cloudwatch").get_dashboard(DashboardName=bus)["DashboardBody"])
    always = {f"{bus}-{alarm.name}" for alarm in alarms() if alarm.application not in OPTIONAL}

    (shown,) = (widget["properties"]["alarms"] for widget in body["widgets"] if widget["type"] == "alarm")

    assert set(shown) == {alarm["AlarmArn"] for alarm in deployed_alarms(shop) if alarm["AlarmName"] in always}
    assert len(shown) == len(always)
    assert "${" not in json.dumps(body)


def test_the_dashboard_knows_how_long_customers_wait(shop: RunningShop, customer: Person) -> None:
    """By the functions' own metric, out of their log."""
    bus = shop.table("Bus")
    body = json.loads(shop.aws("cloudwatch").get_dashboard(DashboardName=bus)["DashboardBody"])
    (line,) = (
        widget["properties"]["metrics"][0]
        for widget in body["widgets"]
        if widget["properties"].get("title", "").startswith("Time from placed to confirmed")
    )
    namespace, name, dimension, value, _ = line

    def measured() -> int:
        now = datetime.now(UTC)
        points = shop.aws("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": dimension, "Value": value}],
            StartTime=now - timedelta(hours=3),
            EndTime=now + timedelta(hours=1),
            Period=3600,
            Statistics=["SampleCount"],
        )["Datapoints"]
        return int(sum(point["SampleCount"] for point in points))

    before = measured()
    customer.orders(shop.sells(stock=1)).becomes("CONFIRMED")
    until(measured, lambda count: count > before, "one more order was measured")
