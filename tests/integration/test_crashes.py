"""Scenario 11, for the services beside money and stock: a crash at any call of any handler of theirs, and a retry as
its trigger retries, leave what no crash leaves.

The points are enumerated, not sampled, and the last test names every function that no story drives.
"""

import json
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from clickstream import aggregate
from clickstream import domain as counted
from contracts.envelope import Envelope
from notify import delivery, domain, email
from shopkit import bus
from tests.integration.clickstream.conftest import click, record
from tests.integration.kafka import conftest as kafka
from tests.integration.notify.conftest import confirmed, placed
from tests.simulation.deployment import deployment
from tests.simulation.planted import edit
from tests.support.crash_points import Story, caller, crash_points, ending_of, possible, queue, stream
from tests.support.deliveries import sqs_event
from tests.support.tables import stream_records
from tools.expand import expand, templates

type Record = Callable[[str, object], None]


def messages(*events: Envelope[Any]) -> list[Any]:
    return [sqs_event(*events, fifo=True)]


def one_order() -> list[Any]:
    return messages(placed("ada"), confirmed("ada"))


def two_orders() -> list[Any]:
    return messages(placed("ada", "ord_1"), placed("bob", "ord_2"), confirmed("ada", "ord_1"))


def outcomes() -> list[Any]:
    """The notifications' stream once those two orders were told of, and in it a record that means nothing."""
    email.handler(two_orders()[0], None)
    found = stream_records(os.environ["NOTIFICATIONS_TABLE"])
    return [{"Records": [*found[:2], {"dynamodb": {"SequenceNumber": "0", "NewImage": {"pk": "?"}}}, *found[2:]]}]


def visit() -> list[Any]:
    body = json.dumps({"events": [click(1), click(2, session_id="s2"), click(3, type="checkout")]})
    return [{"path": "/clicks", "headers": {"Content-Type": "application/json"}, "body": body}]


def clicks() -> list[Any]:
    """More than are counted at once, one of them twice, and something else."""
    sent = [click(number % 24, session_id=f"s{number % 2}", sku=f"sku{number % 2}") for number in range(26)]
    found = [record(json.dumps(each).encode(), f"{number}") for number, each in enumerate(sent)]
    return [{"Records": [*found[:3], record(b"?", "poison"), *found[3:]]}]


def look() -> list[Any]:
    aggregate.handler(clicks()[0], None)
    return [{"path": "/trending", "queryStringParameters": {"minutes": "120"}}]


def forty_lines() -> list[Any]:
    return messages(kafka.confirmed("ord_1", *(kafka.line(f"sku{n}", 2, 500) for n in range(40))))


def sold(*events: Envelope[Any]) -> list[Any]:
    return [{"records": {"shop.orders-0": [*kafka.records(*events), kafka.record(b"?", 99)]}}]


def created_and_deleted() -> list[Any]:
    names = dict.fromkeys(("StackId", "RequestId", "LogicalResourceId"), "x")
    where = {"ResponseURL": "https://example.com/", "ResourceProperties": {"ClusterArn": "arn"}}
    return [{"RequestType": kind, **names, **where} for kind in ("Create", "Delete")]


STORIES = {
    "mails": Story("notify.email", queue, two_orders),
    "mails without a sender": Story("notify.email", queue, one_order, {"SENDER_EMAIL": ""}),
    "mails that SES refuses": Story("notify.email", queue, one_order, {"SENDER_EMAIL": "nobody@example.com"}),
    "a mail to nobody": Story("notify.email", queue, lambda: messages(placed("eve"))),
    "webhooks": Story("notify.webhook", queue, two_orders),
    "webhooks to an endpoint that fails": Story("notify.webhook", queue, one_order, statuses=[500]),
    "webhooks given up and redriven": Story(
        "notify.webhook", queue, lambda: messages(placed("ada")), statuses=[500] * 3, counted=True
    ),
    "outcomes onto the bus": Story("notify.relay", stream, outcomes),
    "a visit": Story("clickstream.collect", caller, visit),
    "clicks": Story("clickstream.aggregate", stream, clicks),
    "purchases": Story("clickstream.purchases", queue, forty_lines),
    "a look at what trends": Story("clickstream.trending", caller, look),
    "order updates": Story("kafkabridge.bridge", queue, two_orders),
    "sales": Story(
        "kafkabridge.count_sales",
        caller,
        lambda: sold(kafka.confirmed("ord_1"), kafka.confirmed("ord_2"), kafka.cancelled("ord_1")),
    ),
    "a sale that was cancelled before": Story(
        "kafkabridge.count_sales", caller, lambda: sold(kafka.cancelled("ord_1"), kafka.confirmed("ord_1"))
    ),
    "brokers": Story("kafkabridge.bootstrap", caller, created_and_deleted),
}
# These have tests of their own, because what a crash leaves is not what no crash leaves: a letter that was sent back
# lies among the dead letters for another minute, and a publication that failed is rolled back by CloudFormation.
CRASHED_ELSEWHERE = {
    *(f"operators.{name}" for name in ("list_dead_letters", "show_dead_letters", "redrive")),
    *(f"operators.{name}" for name in ("list_breaks", "start_break", "heal_break")),
    "publish.resource",
}
# The bridge speaks to a real broker.
LOOPBACK = {"order updates": pytest.mark.loopback}

# Each with the story that shows it.
BUGS = {
    "a mail goes out before its intent is written": (
        edit(
            delivery.announce,
            """store.save(intent, before)
        if intent.status is Status.SENDING:
            store.save(send(event, intent), intent)""",
            """outcome = send(event, intent)
        store.save(intent, before)
        store.save(outcome, intent)""",
        ),
        "mails",
    ),
    "who intended to send is taken to have sent": (
        edit(vars(domain.Notification)["done"], "Status.KEPT}", "Status.KEPT, Status.SENDING}"),
        "mails",
    ),
    "the relay does not look at what the bus refused": (
        edit(bus.publish, 'if answer["FailedEntryCount"]:', "if False:"),
        "outcomes onto the bus",
    ),
    "clicks are counted whatever was counted before": (
        edit(counted.count, " if id_ not in known", ""),
        "clicks",
    ),
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=LOOPBACK.get(name, ())) for name in STORIES])
def test_scenario_11_a_story_ends_alike_wherever_it_crashes(name: str, record_property: Record) -> None:
    points = list(crash_points(STORIES[name]))
    violations = [f"{point}: {violation}" for point, found in points for violation in found]
    figures = f"{len(points)} crash points, {len(violations)} violations"
    record_property("figures", f"{name}: {STORIES[name].function}, {figures}")
    assert not violations, "\n".join(violations[:20])


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_caught(bug: str) -> None:
    plant, story = BUGS[bug]
    with plant():
        assert any(violations for _, violations in crash_points(STORIES[story]))


@pytest.mark.loopback
def test_scenario_11_every_function_of_every_template_is_crashed(record_property: Record) -> None:
    points: Counter[str] = Counter()
    for story in STORIES.values():
        points[story.function] += sum(len(possible(call)) for call in ending_of(story).calls)
    for service in ("notify", "clickstream", "kafkabridge"):
        mine = [f"{name} {count}" for name, count in sorted(points.items()) if name.startswith(f"{service}.")]
        record_property("figures", f"{len(mine)} handlers of {service}, with their crash points: {', '.join(mine)}")
    record_property("figures", f"in all {len(points)} handlers, {points.total()} crash points, {len(STORIES)} stories")
    crashed_as_one = {function.module for function in deployment().functions.values()}
    functions = {
        resource["Properties"]["Handler"].removesuffix(".handler")
        for template in templates()
        for resource in expand(template)["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
    }
    crashed = crashed_as_one | (+points).keys() | CRASHED_ELSEWHERE
    assert functions == crashed, "a function without a story, or one that calls nothing"
