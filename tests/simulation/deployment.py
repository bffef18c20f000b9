"""The templates as one deployment: its functions, their triggers, and the consumers of each event.

Everything is read from the expanded templates, wired as the root template wires them. So a new function, rule, queue or
workflow step is included without being named here.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from moto.events.models import EventPattern

from tests.simulation.small_dynamodb import Index
from tools.expand import Template, child, expand

# The applications of the root template that keep the promise "money and stock are never wrong".
STACKS = ("Order", "Inventory", "Payment", "Workflows")


@dataclass(frozen=True)
class Function:
    """`handler` is module and function; `environment` its variables."""

    name: str
    handler: str
    environment: Mapping[str, str]

    @property
    def module(self) -> str:
        """The function's module, for example order.place."""
        return self.handler.removesuffix(".handler")


@dataclass(frozen=True)
class TableDefinition:
    key: Index
    indexes: Mapping[str, Index]
    streamed: bool


@dataclass(frozen=True)
class QueueDefinition:
    """A queue. One without a reader that redelivers has no dead letters: None."""

    dead_letters: str | None
    receives: int


@dataclass(frozen=True)
class Reader:
    """An event source mapping. `source` is a table, whose stream it reads, or a queue."""

    source: str
    function: str
    batch_size: int
    filters: tuple[EventPattern, ...]

    def takes(self, record: Mapping[str, Any]) -> bool:
        return not self.filters or any(pattern.matches_event(record) for pattern in self.filters)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Rule:
    """`target` is a queue or a state machine."""

    name: str
    pattern: EventPattern
    target: str

    def takes(self, event: Mapping[str, Any]) -> bool:
        return self.pattern.matches_event(event)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Deployment:
    """All resources by name: `<application>.<logical id>`."""

    functions: dict[str, Function] = field(default_factory=dict)
    tables: dict[str, TableDefinition] = field(default_factory=dict)
    queues: dict[str, QueueDefinition] = field(default_factory=dict)
    readers: dict[str, Reader] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    machines: dict[str, dict[str, Any]] = field(default_factory=dict)
    schedules: list[str] = field(default_factory=list)


@cache
def deployment() -> Deployment:
    root = _Stack("", expand(Path("template.yaml")), {}, None)
    found = Deployment()
    for name in STACKS:
        stack = root.nested(name)
        for logical_id, resource in stack.template["Resources"].items():
            _add(found, stack, f"{name}.{logical_id}", resource["Type"], resource.get("Properties", {}))
    return found


@dataclass(frozen=True)
class _Stack:
    """A template within its parent, in which its `parameters` must still be resolved."""

    name: str
    template: Template
    parameters: Mapping[str, Any]
    parent: "_Stack | None"

    def nested(self, name: str) -> "_Stack":
        properties = self.template["Resources"][name]["Properties"]
        return _Stack(name, expand(child(properties["TemplateURL"])), properties["Parameters"], self)

    def resolve(self, node: Any) -> Any:
        """Returns what a Ref or GetAtt names, as `<application>.<logical id>` for any of its attributes."""
        match node:
            case {"Ref": str(name)} if self.parent and name in self.parameters:
                return self.parent.resolve(self.parameters[name])
            case {"Ref": str(name)} if name in self.template.get("Parameters", {}):
                return self.template["Parameters"][name]["Default"]
            case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), "Arn" | "StreamArn"]}:
                return f"{self.name}.{name}".lstrip(".")
            case {"Fn::GetAtt": [str(name), str(output)]}:
                nested = self.nested(name)
                return nested.resolve(nested.template["Outputs"][output.removeprefix("Outputs.")]["Value"])
            case dict() | list():
                raise ValueError(f"{self.name}: cannot resolve {node}")
        return node


def _add(found: Deployment, stack: _Stack, name: str, kind: str, properties: dict[str, Any]) -> None:
    match kind:
        case "AWS::Lambda::Function":
            variables = properties.get("Environment", {}).get("Variables", {})
            environment = {key: str(stack.resolve(value)) for key, value in variables.items()}
            found.functions[name] = Function(name, properties["Handler"], environment)
        case "AWS::DynamoDB::Table":
            indexes = properties.get("GlobalSecondaryIndexes", [])
            found.tables[name] = TableDefinition(
                _index(properties),
                {index["IndexName"]: _index(index) for index in indexes},
                "StreamSpecification" in properties,
            )
        case "AWS::SQS::Queue":
            redrive = properties.get("RedrivePolicy")
            found.queues[name] = (
                QueueDefinition(stack.resolve(redrive["deadLetterTargetArn"]), redrive["maxReceiveCount"])
                if redrive
                else QueueDefinition(None, 0)
            )
        case "AWS::Lambda::EventSourceMapping":
            found.readers[name] = Reader(
                stack.resolve(properties["EventSourceArn"]),
                stack.resolve(properties["FunctionName"]),
                properties["BatchSize"],
                tuple(
                    EventPattern.load(entry["Pattern"])
                    for entry in properties.get("FilterCriteria", {}).get("Filters", [])
                ),
            )
        case "AWS::Events::Rule" if "ScheduleExpression" in properties:
            found.schedules.extend(stack.resolve(target["Arn"]) for target in properties["Targets"])
        case "AWS::Events::Rule":
            (target,) = properties["Targets"]
            pattern = EventPattern.load(json.dumps(properties["EventPattern"]))
            found.rules[name] = Rule(name, pattern, stack.resolve(target["Arn"]))
        case "AWS::StepFunctions::StateMachine":
            names = {key: stack.resolve(value) for key, value in properties["DefinitionSubstitutions"].items()}
            found.machines[name] = _substituted(properties["Definition"], names)


def _index(properties: dict[str, Any]) -> Index:
    by_kind = {key["KeyType"]: key["AttributeName"] for key in properties["KeySchema"]}
    return Index(by_kind["HASH"], by_kind.get("RANGE"))


def _substituted(node: Any, names: Mapping[str, Any]) -> Any:
    match node:
        case str():
            return re.sub(r"\$\{(\w+)\}", lambda found: str(names[found[1]]), node)
        case dict():
            return {key: _substituted(value, names) for key, value in node.items()}
        case list():
            return [_substituted(value, names) for value in node]
    return node
