"""Which consumer gets which events, read from the templates: rules of the bus and subscriptions of the order-updates
topic."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from moto.events.models import EventPattern
from moto.sns.utils import FilterPolicyMatcher

from contracts.envelope import Envelope, EventData
from contracts.events import EVENTS
from schemas.examples import examples
from tools.expand import Template, expand, templates

type Channel = Literal["bus", "orderUpdates"]

# A relay that has a topic publishes all of its service's events there.
TOPIC_SOURCE = "shop.order"


@dataclass(frozen=True)
class Subscription:
    """One rule or subscription in a template, and its filter."""

    template: Path
    logical_id: str
    channel: Channel
    pattern: dict[str, Any]
    targets: tuple[str, ...]
    matches: Callable[[Envelope[Any]], bool]

    def selects(self, event: type[EventData]) -> bool:
        """Whether at least one event of this type passes the filter."""
        return any(self.matches(example) for example in examples(event))


@dataclass(frozen=True)
class Consumer:
    """A function (`order.catalogue`), a workflow (`workflows.Checkout`) or an operators' topic, and the events that it
    gets."""

    name: str
    channel: Channel
    events: tuple[type[EventData], ...]


def consumers() -> list[Consumer]:
    """Returns every consumer, by name. If two rules feed the same one, it is one consumer."""
    selected: dict[tuple[str, Channel], set[type[EventData]]] = {}
    for subscription in subscriptions():
        for target in subscription.targets:
            selected.setdefault((target, subscription.channel), set()).update(filter(subscription.selects, EVENTS))
    return [
        Consumer(name, channel, tuple(event for event in EVENTS if event in events))
        for (name, channel), events in sorted(selected.items())
    ]


def subscriptions() -> list[Subscription]:
    return [found for path in templates() for found in subscriptions_in(path, expand(path))]


def subscriptions_in(path: Path, template: Template) -> Iterator[Subscription]:
    """Returns the event rules and topic subscriptions of one expanded template, without schedules."""
    for logical_id, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Events::Rule" and "EventPattern" in properties:
            pattern = properties["EventPattern"]
            reached = tuple(_target(path, template, target["Arn"]) for target in properties["Targets"])
            yield Subscription(path, logical_id, "bus", pattern, reached, on_bus(pattern))
        # Queues subscribe to order updates, people to the operators' topic. Without a filter policy a queue gets
        # everything.
        if resource["Type"] == "AWS::SNS::Subscription" and properties["Protocol"] == "sqs":
            policy = properties.get("FilterPolicy", {})
            reached = (_target(path, template, properties["Endpoint"]),)
            passes = on_topic(policy, properties.get("FilterPolicyScope", "MessageAttributes"))
            yield Subscription(path, logical_id, "orderUpdates", policy, reached, passes)


def on_bus(pattern: dict[str, Any]) -> Callable[[Envelope[Any]], bool]:
    """Whether EventBridge would deliver the event to a rule with this pattern."""
    rule = EventPattern.load(json.dumps(pattern))
    return lambda event: rule.matches_event(event.as_published())  # type: ignore[arg-type]


def on_topic(policy: dict[str, Any], scope: str) -> Callable[[Envelope[Any]], bool]:
    """Whether the order-updates topic would deliver the event, as the relay publishes it, to this subscription."""
    matcher = FilterPolicyMatcher(policy, scope)

    def passes(event: Envelope[Any]) -> bool:
        attributes = {"type": {"Type": "String", "Value": event.type}}
        return event.source == TOPIC_SOURCE and matcher.matches(attributes, json.dumps(event.as_published()))

    return passes


def _target(path: Path, template: Template, arn: Any) -> str:
    """Returns the function behind a queue, the workflow, or the resource itself."""
    match arn:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), _]} if name in template["Resources"]:
            resource = template["Resources"][name]
        case _:
            raise ValueError(f"{path}: no resource of the template: {arn}")
    if resource["Type"] == "AWS::SQS::Queue":
        return _reader(path, template, name)
    if resource["Type"] == "AWS::Lambda::Function":
        return _function(path, template, name)
    if resource["Type"] == "AWS::StepFunctions::StateMachine":
        return f"{path.parent.name}.{name}"
    return name


def _reader(path: Path, template: Template, queue: str) -> str:
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        # Kafka's brokers have no ARN.
        if resource["Type"] == "AWS::Lambda::EventSourceMapping" and properties.get("EventSourceArn") == {
            "Fn::GetAtt": [queue, "Arn"]
        }:
            return _function(path, template, properties["FunctionName"]["Ref"])
    raise ValueError(f"{path}: nothing reads {queue}")


def _function(path: Path, template: Template, name: str) -> str:
    """Returns a name such as `order.catalogue`. The service is named by its folder, which may differ from its
    package."""
    module: str = template["Resources"][name]["Properties"]["Handler"].split(".")[-2]
    return f"{path.parent.name}.{module}"
