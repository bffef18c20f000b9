"""Which consumers an event should have reached, according to what is deployed, and which have not taken it yet.

X-Ray knows nothing of a message that nobody has received. So this asks the bus for its rules, the topics for their
subscriptions, and Lambda for its event source mappings.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from contracts.events import EVENTS
from deployed.bus import rules_of
from deployed.stack import Stack
from deployed.traces.names import Names
from deployed.traces.steps import Step

_SOURCES = {event.__name__: event.source for event in EVENTS}
_OFF = {"Disabled", "Disabling"}
_ABOUT_AN_ORDER = {"data": {"order_id": [{"exists": True}]}}


type Route = tuple[Callable[[str], bool], str]
"""Whether it takes events of a type, and the ARN of the queue that it leads to."""


@dataclass(frozen=True)
class Consumer:
    """A function that reads a queue or a stream. `off` is whether its event source mapping is disabled."""

    name: str
    function: str
    source: str
    off: bool


@dataclass(frozen=True)
class Waiting:
    """An event, or a write to a table, that a consumer has not taken. `since` is in seconds since 1970."""

    consumer: Consumer
    event: str
    since: float
    cause: str


class Consumers:
    """The consumers of events and streams in a stack."""

    def __init__(self, stack: Stack, names: Names) -> None:
        self.stack, self.names = stack, names

    @cached_property
    def all(self) -> list[Consumer]:
        functions = {found.id for found in self.stack.resources.of_type("AWS::Lambda::Function")}
        pages = self.stack.client("lambda").get_paginator("list_event_source_mappings").paginate()
        return [
            Consumer(self.names.of(name), name, mapping.get("EventSourceArn", ""), mapping.get("State") in _OFF)
            for page in pages
            for mapping in page["EventSourceMappings"]
            if (name := mapping["FunctionArn"].split(":")[6]) in functions
        ]

    def of_event(self, event: str, *, on_a_topic: bool) -> list[Consumer]:
        """Returns the functions whose queue a rule, or the topic of order updates if it was published there too,
        certainly fills with events of this type."""
        routes = [*self._rules, *(self._subscriptions if on_a_topic else [])]
        queues = {arn for wanted, arn in routes if wanted(event)}
        return [consumer for consumer in self.all if consumer.source in queues]

    def of_table(self, table: str) -> list[Consumer]:
        return [consumer for consumer in self.all if f":table/{table}/stream/" in consumer.source]

    @cached_property
    def _rules(self) -> list[Route]:
        return list(self._routes_of_rules())

    @cached_property
    def _subscriptions(self) -> list[Route]:
        return list(self._routes_of_topics())

    def _routes_of_rules(self) -> Iterator[Route]:
        for rule in rules_of(self.stack):
            pattern = json.loads(rule.pattern or "{}")
            for target in rule.targets:
                if target.service == "sqs":
                    yield partial(certainly_matches, pattern), target.arn

    def _routes_of_topics(self) -> Iterator[Route]:
        sns = self.stack.client("sns")
        for topic in self.stack.resources.of_type("AWS::SNS::Topic"):
            if not topic.id.endswith(".fifo"):  # the others carry no events
                continue
            for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic.id):
                for found in page["Subscriptions"]:
                    if found["Protocol"] == "sqs":
                        given = sns.get_subscription_attributes(SubscriptionArn=found["SubscriptionArn"])["Attributes"]
                        types = json.loads(given.get("FilterPolicy") or "{}").get("type")
                        yield partial(_among, types), found["Endpoint"]


def _among(types: list[str] | None, event: str) -> bool:
    return types is None or event in types


def certainly_matches(pattern: Mapping[str, Any], event: str) -> bool:
    """Returns whether a rule takes every event of this type about an order. A pattern that looks at more may not."""
    about_the_type = {field: wanted for field, wanted in pattern.items() if wanted != _ABOUT_AN_ORDER}
    if set(about_the_type) - {"source", "detail-type"}:
        return False
    said = {"source": _SOURCES.get(event, ""), "detail-type": event}
    return all(any(_takes(one, said[field]) for one in wanted) for field, wanted in about_the_type.items())


def _takes(wanted: str | Mapping[str, Any], value: str) -> bool:
    if isinstance(wanted, str):
        return wanted == value
    return list(wanted) == ["prefix"] and value.startswith(wanted["prefix"])


def waiting(steps: Iterable[Step], consumers: Consumers, *, every_trace_is_kept: bool) -> list[Waiting]:
    """Returns what waits for a consumer. On AWS, where not every trace is sampled, only a consumer that is switched
    off has certainly not taken it."""
    steps = list(steps)
    taken = {(step.event_id, step.segment.name) for step in steps if step.deed == "consumed"}
    found = []
    published = {step.event_id: step for step in steps if step.deed == "published"}
    for step in published.values():
        if step.error and not any(step.id == other.cause for other in steps):
            continue  # not published
        found += [
            Waiting(consumer, step.event, step.ended or step.began, step.id)
            for consumer in consumers.of_event(step.event, on_a_topic=any(call.service == "SNS" for call in step.calls))
            if (step.event_id, consumer.function) not in taken and (consumer.off or every_trace_is_kept)
        ]
    return [*found, *_unread(steps, consumers)]


def _unread(steps: list[Step], consumers: Consumers) -> Iterator[Waiting]:
    """Yields, for each switched-off reader of a table's stream, the last write if it has not read it. Its filter may
    leave out earlier ones. For a reader that is on, it may leave out any."""
    read = {(step.segment.name, step.cause) for step in steps if step.link == "stream"}
    last = {
        (call.table, call.on): step
        for step in steps
        for call in step.calls
        if call.table and call.writes and not call.error
    }
    for (table, name), step in last.items():
        for consumer in consumers.of_table(table):
            if consumer.off and (consumer.function, step.id) not in read:
                yield Waiting(consumer, f"write to {name}", step.ended or step.began, step.id)
