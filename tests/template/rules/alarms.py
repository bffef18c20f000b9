"""Alarms: what must not go wrong unseen, and that somebody hears of it and finds what to do."""

import re
from collections.abc import Iterator
from typing import Any

from tests.template.rule import rule
from tests.template.rules.queues import FUNCTION, MACHINE, MAPPING, QUEUE, TOPIC, lets_in
from tests.template.tree import Resource
from tools.expand import ROOT

ALARM, REST_API = "AWS::CloudWatch::Alarm", "AWS::ApiGateway::RestApi"
RUNBOOKS = "docs/runbooks.md"
STREAM_TYPES = ("AWS::DynamoDB::Table", "AWS::Kinesis::Stream")
# An alarm may name a topic that is deployed after it, by the name that the topic has.
TOPIC_ARN = re.compile(r"^arn:.*:sns:.*:\$\{\w+\}$")


@rule(QUEUE)
def queue_that_nobody_reads_has_an_alarm(queue: Resource) -> Iterator[str]:
    """What lies in a dead-letter or failure queue is work that was not done; after 14 days it is gone."""
    read = any(queue in mapping.targets(mapping.written.get("EventSourceArn")) for mapping in queue.tree.all(MAPPING))
    if not read:
        yield from _without_alarm(queue, "ApproximateNumberOfMessagesVisible", "QueueName")


@rule(MAPPING)
def reader_of_a_stream_has_an_alarm(mapping: Resource) -> Iterator[str]:
    """A reader that does not get on shows in its age or lag alone, until it gives its records up."""
    function = mapping.target(mapping.written["FunctionName"], FUNCTION)
    sources = mapping.targets(mapping.written.get("EventSourceArn"))
    if function is not None and any(source.type in STREAM_TYPES for source in sources):
        yield from _without_alarm(function, "IteratorAge", "FunctionName")
    if function is not None and "Topics" in mapping.written:
        yield from _without_alarm(function, "OffsetLag", "FunctionName")


@rule(MACHINE)
def machine_has_alarms(machine: Resource) -> Iterator[str]:
    """What a definition cannot catch ends its execution, and no one waits for an execution's answer."""
    for metric in ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted", "ExecutionThrottled"):
        yield from _without_alarm(machine, metric, "StateMachineArn")


@rule("AWS::Events::Rule")
def scheduled_function_has_an_alarm(found: Resource) -> Iterator[str]:
    """Nobody waits for its answer, and no queue keeps what it did not do."""
    if "ScheduleExpression" not in found.written:
        return
    for target in found.written.get("Targets", []):
        function = found.target(target["Arn"], FUNCTION)
        if function is not None:
            yield from _without_alarm(function, "Errors", "FunctionName")


@rule(REST_API)
def front_door_has_an_alarm(api: Resource) -> Iterator[str]:
    """Metrics know a REST API by its name; without one it is called as its document is, in every stack alike."""
    name = api.targets(api.written.get("Name"))
    if not name:
        yield "Name is not made of the stack's"
    elif not any(alarm.targets(given) == name for alarm, given in _alarms(api, "5XXError", "ApiName")):
        yield "no alarm on 5XXError with this API's name for ApiName"


@rule(ALARM)
def alarm_is_quiet_without_data(alarm: Resource) -> Iterator[str]:
    """Queues at rest and functions that do not run have no metrics; an alarm would have insufficient data for ever."""
    if alarm.written.get("TreatMissingData") != "notBreaching":
        yield f"TreatMissingData is {alarm.written.get('TreatMissingData')}, not notBreaching"


@rule(ALARM)
def alarm_says_what_to_do(alarm: Resource) -> Iterator[str]:
    """Who is woken by it at night has never heard of it."""
    section = re.search(rf"{re.escape(RUNBOOKS)}#([\w-]+)$", alarm.written.get("AlarmDescription", ""))
    if section is None:
        yield f"AlarmDescription does not end with a section of {RUNBOOKS}"
    elif f"\n## {section[1]}\n" not in (ROOT / RUNBOOKS).read_text():
        yield f"{RUNBOOKS} has no section {section[1]}"


@rule(ALARM, "AWS::CloudWatch::CompositeAlarm")
def alarm_may_reach_its_topic(alarm: Resource) -> Iterator[str]:
    """An alarm that may not publish goes off unheard."""
    for key in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        for topic in _topics(alarm, key):
            if not lets_in(topic, "cloudwatch.amazonaws.com", alarm):
                yield f"{topic} has no policy that lets cloudwatch.amazonaws.com in, on condition of its source"


@rule(ALARM)
def alarm_tells_someone(alarm: Resource) -> Iterator[str]:
    """An alarm without an action is a colour on a page that nobody has open."""
    if not _topics(alarm, "AlarmActions"):
        yield "AlarmActions leads to no topic"


def _without_alarm(resource: Resource, metric: str, dimension: str) -> Iterator[str]:
    if not any(resource in alarm.targets(given) for alarm, given in _alarms(resource, metric, dimension)):
        yield f"no alarm on {metric} with this {dimension}"


def _alarms(resource: Resource, metric: str, dimension: str) -> Iterator[tuple[Resource, Any]]:
    """The tree's alarms on the metric that have this and no other dimension, and what they give for it."""
    for alarm in resource.tree.all(ALARM):
        dimensions = {each["Name"]: each["Value"] for each in alarm.written.get("Dimensions", [])}
        if alarm.written.get("MetricName") == metric and dimensions.keys() == {dimension}:
            yield alarm, dimensions[dimension]


def _topics(alarm: Resource, key: str) -> set[Resource]:
    """The topics that these actions lead to."""
    actions = alarm.written.get(key, [])
    named = [
        action for action in actions if TOPIC_ARN.match(str(action.get("Fn::Sub") if isinstance(action, dict) else ""))
    ]
    return {topic for topic in alarm.targets(actions) if topic.type == TOPIC} | {
        topic
        for topic in alarm.tree.all(TOPIC)
        for action in named
        if topic.targets(topic.written.get("TopicName")) == alarm.targets(action)
    }
