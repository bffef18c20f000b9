"""How each break is made and undone: as plain AWS calls, which are written down before the first of them is made.

So a break can be undone even if the program that made it was killed: `heal` reads what was written down.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from deployed.experiments.model import (
    Break,
    DenyAction,
    DisableMapping,
    DisableRule,
    HurryQueue,
    HurryReview,
    HurryStream,
    SetVariable,
    SplitShard,
    ThrottleFunction,
)
from deployed.stack import Stack

UNDO = "experiment.json"
POLICY = "experiment"
REVIEW = "Workflows/Review"
# What a healed part may already be: gone, or as it should be.
ALREADY = {"NoSuchEntity", "ResourceNotFoundException"}


@dataclass(frozen=True)
class AwsCall:
    """One call of a boto3 client."""

    service: str
    operation: str
    parameters: dict[str, Any]

    def make(self, stack: Stack) -> Any:
        return getattr(stack.client(self.service), self.operation)(**self.parameters)


@dataclass(frozen=True)
class Plan:
    do: AwsCall
    undo: AwsCall | None


class Breaks:
    """The breaks of a stack that are in force, kept in a file beside `stack.json`."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.file = stack, stack.file.with_name(UNDO)

    def make(self, wanted: Break) -> None:
        plan = plan_of(self.stack, wanted)
        if plan.undo:
            self._write([*self._read(), plan.undo])
        plan.do.make(self.stack)

    def heal(self) -> int:
        """Undoes everything, newest first. Returns how many breaks there were. Repeating this is safe."""
        calls = self._read()
        for done, call in enumerate(reversed(calls), start=1):
            try:
                call.make(self.stack)
            except ClientError as error:
                if error.response["Error"]["Code"] not in ALREADY:
                    raise
            self._write(calls[: len(calls) - done])
        return len(calls)

    def _read(self) -> list[AwsCall]:
        if not self.file.exists():
            return []
        return [AwsCall(**call) for call in json.loads(self.file.read_text())]

    def _write(self, calls: list[AwsCall]) -> None:
        if not calls:
            self.file.unlink(missing_ok=True)
            return
        self.file.touch(mode=0o600)
        _replace(self.file, json.dumps([vars(call) for call in calls], indent=2))


def _replace(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(text)
    new.replace(path)


def plan_of(stack: Stack, wanted: Break) -> Plan:
    """Returns the call that breaks, and the one that restores what is there now."""
    for kind, plan in _PLANS.items():
        if isinstance(wanted, kind):
            return plan(stack, wanted)
    raise AssertionError(wanted)


def _disable_mapping(stack: Stack, wanted: DisableMapping) -> Plan:
    uuid = mapping_of(stack, wanted.disable_mapping)["UUID"]
    return _switched(
        "lambda", "update_event_source_mapping", {"UUID": uuid, "Enabled": False}, {"UUID": uuid, "Enabled": True}
    )


def _disable_rule(stack: Stack, wanted: DisableRule) -> Plan:
    rule = {
        "Name": stack.resources[wanted.disable_rule].rpartition("|")[2],
        "EventBusName": stack.resources["Bus"],
    }
    return Plan(AwsCall("events", "disable_rule", rule), AwsCall("events", "enable_rule", rule))


def _deny(stack: Stack, wanted: DenyAction) -> Plan:
    policy = {"RoleName": stack.resources[wanted.to], "PolicyName": POLICY}
    statement = {"Effect": "Deny", "Action": wanted.deny, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return Plan(
        AwsCall("iam", "put_role_policy", {**policy, "PolicyDocument": document}),
        AwsCall("iam", "delete_role_policy", policy),
    )


def _throttle(stack: Stack, wanted: ThrottleFunction) -> Plan:
    function = {"FunctionName": stack.resources[wanted.throttle]}
    return Plan(
        AwsCall("lambda", "put_function_concurrency", {**function, "ReservedConcurrentExecutions": 0}),
        AwsCall("lambda", "delete_function_concurrency", function),
    )


def _hurry_queue(stack: Stack, wanted: HurryQueue) -> Plan:
    queue, name = {"QueueUrl": stack.resources[wanted.hurry]}, "VisibilityTimeout"
    before = stack.client("sqs").get_queue_attributes(**queue, AttributeNames=[name])["Attributes"]
    return _switched(
        "sqs",
        "set_queue_attributes",
        {**queue, "Attributes": {name: str(wanted.seconds)}},
        {**queue, "Attributes": before},
    )


def _hurry_stream(stack: Stack, wanted: HurryStream) -> Plan:
    found = mapping_of(stack, wanted.give_up)
    before = found.get("MaximumRetryAttempts", -1)
    mapping = {"UUID": found["UUID"]}
    return _switched(
        "lambda",
        "update_event_source_mapping",
        {**mapping, "MaximumRetryAttempts": wanted.after},
        {**mapping, "MaximumRetryAttempts": before},
    )


def _hurry_review(stack: Stack, wanted: HurryReview) -> Plan:
    machine = {"stateMachineArn": stack.resources[REVIEW]}
    before = stack.client("stepfunctions").describe_state_machine(**machine)["definition"]
    definition = json.loads(before)
    definition["States"][definition["StartAt"]]["TimeoutSeconds"] = wanted.review_limit
    return _switched(
        "stepfunctions",
        "update_state_machine",
        {**machine, "definition": json.dumps(definition)},
        {**machine, "definition": before},
    )


def _set_variable(stack: Stack, wanted: SetVariable) -> Plan:
    function = {"FunctionName": stack.resources[wanted.of]}
    before = stack.client("lambda").get_function_configuration(**function)["Environment"]["Variables"]
    return _switched(
        "lambda",
        "update_function_configuration",
        {**function, "Environment": {"Variables": {**before, **wanted.set}}},
        {**function, "Environment": {"Variables": before}},
    )


def _split_shard(stack: Stack, wanted: SplitShard) -> Plan:
    name = stack.resources[wanted.split_shard]
    open_shards = [
        shard
        for shard in stack.client("kinesis").list_shards(StreamName=name)["Shards"]
        if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
    ]
    shard = open_shards[0]
    first, last = (int(shard["HashKeyRange"][name]) for name in ("StartingHashKey", "EndingHashKey"))
    # Nothing is undone: a merge would be a second change of the same kind.
    return Plan(
        AwsCall(
            "kinesis",
            "split_shard",
            {"StreamName": name, "ShardToSplit": shard["ShardId"], "NewStartingHashKey": str((first + last) // 2 + 1)},
        ),
        None,
    )


def mapping_of(stack: Stack, function: str) -> dict[str, Any]:
    """Returns the function's one event source mapping."""
    mappings = stack.client("lambda").list_event_source_mappings(FunctionName=stack.resources[function])
    (found,) = mappings["EventSourceMappings"]
    return dict(found)


def _switched(service: str, operation: str, do: dict[str, Any], undo: dict[str, Any]) -> Plan:
    return Plan(AwsCall(service, operation, do), AwsCall(service, operation, undo))


_PLANS: dict[type[Any], Callable[[Stack, Any], Plan]] = {
    DisableMapping: _disable_mapping,
    DisableRule: _disable_rule,
    DenyAction: _deny,
    ThrottleFunction: _throttle,
    HurryQueue: _hurry_queue,
    HurryStream: _hurry_stream,
    HurryReview: _hurry_review,
    SetVariable: _set_variable,
    SplitShard: _split_shard,
}
