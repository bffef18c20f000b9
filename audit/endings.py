"""Work that is still in progress: running executions, messages in queues, failed stream batches."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deployed.queue_depth import attributes_of, depth_in
from deployed.stack import Stack

_ENDED_BADLY = ("FAILED", "TIMED_OUT", "ABORTED")
# How long the messages stay invisible: long enough to read them all, after which they are put back.
_LOOK_SECONDS = 30
_AT_ONCE = 8


@dataclass(frozen=True)
class Message:
    id: str
    body: str


@dataclass(frozen=True)
class Queue:
    """A queue and what it holds. A `final` queue has no consumer; only the messages of final queues are read.

    `arn` is None if the queue no longer exists. `buries_in` is the ARN of its dead-letter queue. `open` says whether
    its policy lets anyone except the account's own roles send to it.
    """

    path: str
    depth: int
    final: bool
    messages: tuple[Message, ...] = ()
    arn: str | None = ""
    buries_in: str | None = None
    open: bool = True


@dataclass(frozen=True)
class Machine:
    """A state machine. `express` executions cannot be listed, so the orders' statuses are checked instead."""

    path: str
    express: bool
    running: int = 0
    ended_badly: int = 0


@dataclass(frozen=True)
class Endings:
    machines: tuple[Machine, ...]
    queues: tuple[Queue, ...]
    failed_batches: tuple[str, ...]

    @property
    def idle(self) -> bool:
        """Whether nothing is in progress any more, as far as AWS reports. Workflows that wait for a person may keep
        running."""
        return not any(queue.depth for queue in self.queues if not queue.final) and not any(
            machine.running for machine in self.machines if not waits_for_a_person(machine)
        )

    @property
    def under_way(self) -> tuple[str, ...]:
        """Returns what is in progress and how much of it, as texts, largest number first."""
        machines = {f"{machine.path} running": machine.running for machine in self.machines}
        queues = {f"in {queue.path}": queue.depth for queue in self.queues if not queue.final}
        reviews = {f"{machine.path} running" for machine in self.machines if waits_for_a_person(machine)}
        left = {what: number for what, number in (machines | queues).items() if number and what not in reviews}
        return tuple(f"{number:,} {what}" for what, number in sorted(left.items(), key=lambda one: -one[1]))


def waits_for_a_person(machine: Machine) -> bool:
    return machine.path.endswith("/Review")


def endings_of(stack: Stack) -> Endings:
    """Makes a few calls per workflow and queue, several at once. Raises ClientError."""
    sqs, states, s3 = stack.client("sqs"), stack.client("stepfunctions"), stack.client("s3")
    resources = stack.resources
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        batches = pool.submit(_objects, s3, resources["FailureBucket"])
        queues = pool.map(lambda found: _queue(sqs, found.path, found.id), resources.of_type("AWS::SQS::Queue"))
        machines = pool.map(
            lambda found: _machine(states, found.path, found.id), resources.of_type("AWS::StepFunctions::StateMachine")
        )
        return Endings(machines=tuple(machines), queues=tuple(queues), failed_batches=tuple(batches.result()))


def _machine(states: Any, path: str, arn: str) -> Machine:
    try:
        express = states.describe_state_machine(stateMachineArn=arn)["type"] == "EXPRESS"
    except states.exceptions.StateMachineDoesNotExist:
        return Machine(path, express=False)
    if express:
        return Machine(path, express=True)
    executions = states.get_paginator("list_executions")

    def how_many(status: str) -> int:
        # The largest page that ListExecutions returns.
        pages = executions.paginate(stateMachineArn=arn, statusFilter=status, PaginationConfig={"PageSize": 1000})
        return sum(len(page["executions"]) for page in pages)

    return Machine(path, express=False, running=how_many("RUNNING"), ended_badly=sum(map(how_many, _ENDED_BADLY)))


def _queue(sqs: Any, path: str, url: str) -> Queue:
    try:
        attributes = attributes_of(sqs, url)
    except ClientError as error:
        if not error.response["Error"]["Code"].endswith(("NonExistentQueue", "QueueDoesNotExist")):
            raise
        return Queue(path, 0, final=False, arn=None)
    depth, final = depth_in(attributes), "RedrivePolicy" not in attributes
    return Queue(
        path,
        depth,
        final,
        tuple(_look(sqs, url, depth)) if final and depth else (),
        attributes["QueueArn"],
        None if final else json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"],
        bool(attributes.get("Policy")),
    )


def _look(sqs: Any, url: str, depth: int) -> list[Message]:
    """Returns the queue's messages without removing them."""
    seen: dict[str, Any] = {}
    while len(seen) < depth:
        got = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=_LOOK_SECONDS, WaitTimeSeconds=1
        ).get("Messages", [])
        if not got:
            break
        seen |= {message["MessageId"]: message for message in got}
    for message in seen.values():
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    return [Message(message["MessageId"], message["Body"]) for message in seen.values()]


def _objects(s3: Any, bucket: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [found["Key"] for page in pages for found in page.get("Contents", [])]
