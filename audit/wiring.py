"""The resources that move the shop's events (triggers, rules, subscriptions, streams, alarms), as AWS describes them.

One that is switched off loses or delays events without any error.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deployed.resources import Resource
from deployed.stack import Stack

GONE = "gone"
_AT_ONCE = 8
_ALARMS_AT_ONCE = 100  # DescribeAlarms, AlarmNames


@dataclass(frozen=True)
class Part:
    """A deployed resource: its kind, its path in the stack, and its state as AWS names it, or GONE."""

    kind: str
    path: str
    state: str


@dataclass(frozen=True)
class Mapping(Part):
    """An event source mapping. `source` is the ARN of the queue or stream that its function reads."""

    source: str = ""


@dataclass(frozen=True)
class Target:
    arn: str
    dead_letters: str | None


@dataclass(frozen=True)
class Rule(Part):
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True)
class Alarm(Part):
    actions: int = 1


@dataclass(frozen=True)
class Wiring:
    """All of them. `parts` are those that have only a state: streams, the archive, functions, workflows,
    subscriptions."""

    mappings: tuple[Mapping, ...] = ()
    rules: tuple[Rule, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    parts: tuple[Part, ...] = ()


def wiring_of(stack: Stack) -> Wiring:
    """Makes one call per resource, however many orders there are. Raises ClientError."""
    resources = stack.resources
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return Wiring(
            mappings=tuple(_mappings(stack, resources.of_type("AWS::Lambda::EventSourceMapping"))),
            rules=tuple(pool.map(_Rules(stack).read, resources.of_type("AWS::Events::Rule"))),
            alarms=tuple(_alarms(stack, resources.of_type("AWS::CloudWatch::Alarm"))),
            parts=tuple(
                part
                for type_, read in _READERS.items()
                for part in pool.map(lambda found, read=read: read(stack, found), resources.of_type(type_))
                if part
            ),
        )


def _mappings(stack: Stack, wanted: list[Resource]) -> Iterator[Mapping]:
    pages = stack.client("lambda").get_paginator("list_event_source_mappings").paginate()
    there = {found["UUID"]: found for page in pages for found in page["EventSourceMappings"]} if wanted else {}
    for resource in wanted:
        found = there.get(resource.id, {})
        source = found.get("EventSourceArn") or ""
        yield Mapping("trigger", resource.path, found.get("State", GONE), source)


class _Rules:
    """Reads rules, which are on the shop's own bus, and schedules, which are on the account's default bus."""

    def __init__(self, stack: Stack) -> None:
        self._events, self._bus = stack.client("events"), stack.resources["Bus"]
        pages = self._events.get_paginator("list_rules").paginate(EventBusName=self._bus)
        self._states = {rule["Name"]: rule["State"] for page in pages for rule in page["Rules"]}

    def read(self, resource: Resource) -> Rule:
        name = resource.id.rpartition("|")[2]
        bus = {"EventBusName": self._bus} if name in self._states else {}
        state = self._states.get(name) or _state(lambda: self._events.describe_rule(Name=name)["State"])
        if state == GONE:
            return Rule("rule", resource.path, GONE)
        targets = self._events.list_targets_by_rule(Rule=name, **bus)["Targets"]
        return Rule(
            "rule",
            resource.path,
            state,
            tuple(Target(one["Arn"], one.get("DeadLetterConfig", {}).get("Arn")) for one in targets),
        )


def _alarms(stack: Stack, wanted: list[Resource]) -> Iterator[Alarm]:
    there: dict[str, Any] = {}
    for start in range(0, len(wanted), _ALARMS_AT_ONCE):
        names = [resource.id for resource in wanted[start : start + _ALARMS_AT_ONCE]]
        found = stack.client("cloudwatch").describe_alarms(AlarmNames=names, MaxRecords=_ALARMS_AT_ONCE)
        there |= {alarm["AlarmName"]: alarm for alarm in found["MetricAlarms"]}
    for resource in wanted:
        alarm = there.get(resource.id)
        state = GONE if alarm is None else "on" if alarm["ActionsEnabled"] else "paused"
        yield Alarm("alarm", resource.path, state, len(alarm["AlarmActions"]) if alarm else 0)


def _table(stack: Stack, found: Resource) -> Part:
    def state() -> str:
        table = stack.client("dynamodb").describe_table(TableName=found.id)["Table"]
        streaming = table.get("StreamSpecification", {}).get("StreamEnabled")
        return str(table.get("LatestStreamArn")) if streaming else "no stream"

    return Part("table", found.path, _state(state))


def _subscription(stack: Stack, found: Resource) -> Part | None:
    """Returns a subscription. Until a person confirms it, it has no ARN and no attributes."""
    if not found.id.startswith("arn:"):
        return None

    def state() -> str:
        stack.client("sns").get_subscription_attributes(SubscriptionArn=found.id)
        return "on"

    return Part("subscription", found.path, _state(state))


def _archive(stack: Stack, found: Resource) -> Part:
    events = stack.client("events")
    return Part("archive", found.path, _state(lambda: events.describe_archive(ArchiveName=found.id)["State"]))


def _machine(stack: Stack, found: Resource) -> Part:
    states = stack.client("stepfunctions")
    return Part(
        "workflow", found.path, _state(lambda: states.describe_state_machine(stateMachineArn=found.id)["status"])
    )


def _function(stack: Stack, found: Resource) -> Part:
    def state() -> str:
        asked = stack.client("lambda").get_function_concurrency(FunctionName=found.id)
        return "throttled" if asked.get("ReservedConcurrentExecutions") == 0 else "on"

    return Part("function", found.path, _state(state))


def _clicks(stack: Stack, found: Resource) -> Part:
    def state() -> str:
        asked = stack.client("kinesis").describe_stream_summary(StreamName=found.id)
        return str(asked["StreamDescriptionSummary"]["StreamStatus"])

    return Part("stream", found.path, _state(state))


def _delivery(stack: Stack, found: Resource) -> Part:
    def state() -> str:
        asked = stack.client("firehose").describe_delivery_stream(DeliveryStreamName=found.id)
        return str(asked["DeliveryStreamDescription"]["DeliveryStreamStatus"])

    return Part("stream", found.path, _state(state))


_READERS = {
    "AWS::DynamoDB::Table": _table,
    "AWS::SNS::Subscription": _subscription,
    "AWS::Events::Archive": _archive,
    "AWS::StepFunctions::StateMachine": _machine,
    "AWS::Lambda::Function": _function,
    "AWS::Kinesis::Stream": _clicks,
    "AWS::KinesisFirehose::DeliveryStream": _delivery,
}


def _state(ask: Callable[[], Any]) -> str:
    """Returns what `ask` returns, or GONE if the resource does not exist. Raises other ClientErrors."""
    try:
        return str(ask())
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NOT_FOUND:
            raise
        return GONE


_NOT_FOUND = {"ResourceNotFoundException", "NotFound", "NotFoundException", "StateMachineDoesNotExist"}
