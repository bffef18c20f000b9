"""What `sam deploy` would deploy, by samconfig.toml and the command line."""

import re
import shlex
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from deployed.doctor.check import Check, ok, problem, warning
from deployed.errors import Usage
from deployed.words import count
from tools.deployment import LONGEST_STACK_NAME, Deployed, application, generated_name
from tools.expand import expand, templates

_HOURS = 730  # per month, as AWS's own estimates count them
# An idle queue has five pollers, each with a long poll of 20 seconds (Lambda Developer Guide, "Using Lambda with Amazon
# SQS").
_POLLS_PER_MONTH = 5 * _HOURS * 3600 // 20
_MUCH_PER_MONTH = 50
_NAMES = {
    "AWS::Lambda::Function": "function",
    "AWS::DynamoDB::Table": "table",
    "AWS::SQS::Queue": "queue",
    "AWS::StepFunctions::StateMachine": "state machine",
    "AWS::CloudWatch::Alarm": "alarm",
}


@dataclass(frozen=True)
class Plan:
    stack: str
    parameters: Mapping[str, str]
    region: str | None = None
    profile: str | None = None
    wrong: Mapping[str, Check] = field(default_factory=dict)
    """The parameters that would be refused, and why; what follows takes their defaults instead."""

    @cached_property
    def resources(self) -> list[Deployed]:
        known = {name: value for name, value in self.parameters.items() if name not in self.wrong}
        return application(self.stack, **known).resources

    def number(self, *types: str) -> int:
        return sum(found.type in types for found in self.resources)

    @property
    def stacks(self) -> int:
        return 1 + self.number("AWS::CloudFormation::Stack")

    @property
    def shards(self) -> int:
        streams = (found.properties for found in self.resources if found.type == "AWS::Kinesis::Stream")
        # An on-demand stream starts with four (Kinesis Developer Guide, "Choose the right mode").
        return sum(int(stream.get("ShardCount", 4)) for stream in streams)

    @property
    def reserved(self) -> int:
        """The concurrency that its functions reserve."""
        return sum(int(found.properties.get("ReservedConcurrentExecutions", 0)) for found in self.resources)


def plan(config: Path, environment: str, parameters: str, stack: str | None = None) -> Plan:
    """Returns the plan of this environment in samconfig.toml. `parameters` (`Name=value …`) override it. Raises
    Usage."""
    environments = tomllib.loads(config.read_text())
    if not isinstance(environments.get(environment), dict):
        known = ", ".join(name for name, it in environments.items() if isinstance(it, dict))
        raise Usage(f"samconfig.toml has no environment {environment!r}. It has: {known}.")
    settings = _settings(environments[environment])
    given = _pairs(settings.get("parameter_overrides", "")) | _pairs(parameters)
    wrong = {name: check for name, value in given.items() if (check := _wrong(name, value))}
    name = stack or settings.get("stack_name", "")
    return Plan(name, given, settings.get("region"), settings.get("profile"), wrong)


def _settings(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the settings of `sam deploy` in SAM's order: those of the command override those of all commands."""
    return {
        **environment.get("global", {}).get("parameters", {}),
        **environment.get("deploy", {}).get("parameters", {}),
    }


def _pairs(given: str | list[str]) -> dict[str, str]:
    try:
        words = given if isinstance(given, list) else shlex.split(given)
    except ValueError as error:
        raise Usage(f"These are not parameters: {error}.") from error
    pairs = [word.partition("=") for word in words]
    if wrong := [name for name, equals, _ in pairs if not (name and equals)]:
        raise Usage(f"A parameter must be Name=value, not {wrong[0]!r}.")
    return {name: value for name, _, value in pairs}


def stack_name(chosen: Plan) -> Check:
    """Checks the stack's name: CloudFormation's format, and a length with which every name in the application fits its
    service."""
    name = "stack name"
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", chosen.stack):
        return problem(
            name, f"{chosen.stack!r} is not valid", "Use letters, digits and hyphens, starting with a letter."
        )
    length = len(chosen.stack)
    if length > LONGEST_STACK_NAME:
        return problem(
            name,
            f"{chosen.stack} has {length} characters",
            f"Use at most {LONGEST_STACK_NAME}, because queues' names begin with it.",
        )
    return ok(name, f"{chosen.stack}, {length} of at most {LONGEST_STACK_NAME} characters")


def parameters(chosen: Plan) -> Check:
    """Checks for names and values that the template would refuse or ignore."""
    for found in chosen.wrong.values():
        return found
    given = " ".join(f"{key}={value}" for key, value in chosen.parameters.items())
    if chosen.parameters.get("Kafka") == "existing" and not chosen.parameters.get("KafkaBrokers"):
        return problem("parameters", given, "Kafka=existing needs KafkaBrokers=host:port.")
    return ok("parameters", given or "all have their defaults")


def _wrong(name: str, value: str) -> Check | None:
    declared = expand(templates()[0])["Parameters"]
    if name not in declared:
        return problem("parameters", f"{name}: no such parameter", f"The parameters are {', '.join(declared)}.")
    allowed = _allowed(name, declared[name])
    if allowed and value not in allowed:
        return problem("parameters", f"{name} cannot be {value!r}", f"It must be one of {', '.join(allowed)}.")
    if declared[name]["Type"] == "Number" and not re.fullmatch(r"\d+", value, re.ASCII):
        return problem("parameters", f"{name} cannot be {value!r}", "It must be a number.")
    return None


def _allowed(parameter: str, declared: Mapping[str, Any]) -> list[str]:
    """Returns the allowed values from the root template or, if it has none, from the application that receives the
    parameter."""
    if "AllowedValues" in declared:
        return [str(value) for value in declared["AllowedValues"]]
    found = [str(declared["Default"])] if "Default" in declared else []
    for path, passed in _receivers(parameter):
        found += map(str, expand(path)["Parameters"][passed].get("AllowedValues", ()))
    return list(dict.fromkeys(found)) if len(found) > 1 else []


def _receivers(parameter: str) -> Iterator[tuple[Path, str]]:
    for resource in expand(templates()[0])["Resources"].values():
        for passed, value in resource.get("Properties", {}).get("Parameters", {}).items():
            if value == {"Ref": parameter}:
                yield Path(resource["Properties"]["TemplateURL"].split("amazonaws.com/")[1]), passed


def creates(chosen: Plan) -> Check:
    parts = (count(chosen.number(type_), noun) for type_, noun in _NAMES.items())
    return ok(
        "creates", f"{count(len(chosen.resources), 'resource')} in {count(chosen.stacks, 'stack')}: {', '.join(parts)}"
    )


def monthly(resources: list[Deployed], usd: Mapping[str, float]) -> dict[str, float]:
    """Returns the dollars per month that an idle stack costs, by purpose, at list prices without the free tier."""
    types = Counter(found.type for found in resources)
    by_type: dict[str, list[Mapping[str, Any]]] = {}
    for found in resources:
        by_type.setdefault(found.type, []).append(found.properties)
    streams = by_type.get("AWS::Kinesis::Stream", [])
    provisioned = sum(int(stream["ShardCount"]) for stream in streams if "ShardCount" in stream)
    on_demand = sum("ShardCount" not in stream for stream in streams)
    mappings = by_type.get("AWS::Lambda::EventSourceMapping", [])
    pollers = sum(int(it.get("ProvisionedPollerConfig", {}).get("MinimumPollers", 0)) for it in mappings)
    interfaces = [it for it in by_type.get("AWS::EC2::VPCEndpoint", []) if it["VpcEndpointType"] == "Interface"]
    clusters = types["AWS::MSK::ServerlessCluster"]
    queues = {f"{generated_name(it.stack, it.logical_id)}.Arn" for it in resources if it.type == "AWS::SQS::Queue"}
    polled = sum(it.get("EventSourceArn") in queues for it in mappings)
    costs = {
        "click stream": provisioned * usd["kinesis_shard_month"]
        + on_demand * _HOURS * usd["kinesis_on_demand_stream_hour"],
        "alarms": types["AWS::CloudWatch::Alarm"] * usd["cloudwatch_alarm_month"],
        "polling of queues": polled * _POLLS_PER_MONTH * usd["sqs_request"],
        "secrets": types["AWS::SecretsManager::Secret"] * usd["secretsmanager_secret_month"],
        "Kafka cluster": clusters
        * _HOURS
        * (usd["msk_serverless_cluster_hour"] + 3 * usd["msk_serverless_partition_hour"]),
        "Kafka pollers": pollers * _HOURS * usd["lambda_kafka_event_poller_unit_hour"],
        "network": sum(len(it["SubnetIds"]) for it in interfaces) * _HOURS * usd["vpc_endpoint_hour"],
    }
    return {name: round(cost, 2) for name, cost in costs.items() if cost}


def price(costs: Mapping[str, float]) -> Check:
    total = sum(costs.values())
    parts = ", ".join(f"{name} ${cost:,.2f}" for name, cost in sorted(costs.items(), key=lambda it: -it[1]))
    finding = f"about ${total:,.0f} a month while idle: {parts}"
    if total > _MUCH_PER_MONTH:
        return warning("price", finding, "`make destroy` ends it.")
    return ok("price", finding)
