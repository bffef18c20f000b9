"""Where a letter goes back to: the queue, the rule's target or the function that it was meant for.

Each only sends; whoever calls removes the letter afterwards. A crash in between sends it twice, which every consumer of
the shop takes for once.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from deployed.bus import Rule, Target
from deployed.dead_letters.letters import Letter, records_of
from deployed.stack import Stack

# What EventBridge attaches to what it could not deliver (User Guide, "Using dead-letter queues").
_ABOUT_THE_RULE = {
    "RULE_ARN",
    "TARGET_ARN",
    "ERROR_CODE",
    "ERROR_MESSAGE",
    "EXHAUSTED_RETRY_CONDITION",
    "RETRY_ATTEMPTS",
}


class StillFails(Exception):
    """It was tried again and failed, or it cannot be tried; the letter stays. The message says why."""


class Destination(Protocol):
    def __str__(self) -> str:
        """Where that is, for a person."""

    def send(self, letter: Letter) -> None:
        """Raises StillFails, ClientError."""


@dataclass(frozen=True)
class Source:
    """A queue with a consumer, whose log group is `logs`."""

    path: str
    url: str
    arn: str = ""
    fifo: bool = False
    logs: str | None = None


@dataclass(frozen=True)
class ToSource:
    """Back into the queue whose consumer gave it up, or which its rule or topic could not reach."""

    sqs: Any
    sources: Sequence[Source]

    def __str__(self) -> str:
        return ", ".join(source.path for source in self.sources)

    def send(self, letter: Letter) -> None:
        source = self.source_of(letter)
        # As before in its group; and with an id of its own, or SQS would take it for the first try's repetition and
        # drop it. The letter's id, so that sending it twice is once. Its consumer goes by the event's id.
        order = (
            {
                "MessageGroupId": letter.attributes.get("MessageGroupId", "redrive"),
                "MessageDeduplicationId": f"redrive-{letter.id}",
            }
            if source.fifo
            else {}
        )
        extras = {name: value for name, value in letter.extras.items() if name not in _ABOUT_THE_RULE}
        self.sqs.send_message(QueueUrl=source.url, MessageBody=letter.body, MessageAttributes=extras, **order)

    def source_of(self, letter: Letter) -> Source:
        """Raises StillFails."""
        by_arn = {source.arn: source for source in self.sources}
        for arn in (letter.attributes.get("DeadLetterQueueSourceArn"), letter.attached("TARGET_ARN")):
            if arn in by_arn:
                return by_arn[arn]
        if len(self.sources) == 1:
            return self.sources[0]
        raise StillFails(f"it does not say which of {self} it came from")


@dataclass(frozen=True)
class ToRule:
    """To the target that its rule could not reach. A workflow is started with the event; what stands behind another
    target gets it by way of the bus, where every other consumer knows it by its id."""

    stack: Stack
    rules: Sequence[Rule]

    def __str__(self) -> str:
        return ", ".join(rule.path for rule in self.rules)

    def send(self, letter: Letter) -> None:
        target = self._target_of(letter)
        if target and target.service == "states":
            self.stack.client("stepfunctions").start_execution(stateMachineArn=target.arn, input=letter.body)
        else:
            self._publish(letter)

    def _target_of(self, letter: Letter) -> Target | None:
        """As the rule is now: what it led to then may have been replaced."""
        rule = next((rule for rule in self.rules if rule.arn == letter.attached("RULE_ARN")), None)
        targets = rule.targets if rule else ()
        named = [target for target in targets if target.arn == letter.attached("TARGET_ARN")]
        return next(iter(named or targets), None)

    def _publish(self, letter: Letter) -> None:
        try:
            event = json.loads(letter.body)
            entry = {
                "EventBusName": self.stack.resources["Bus"],
                "Source": event["source"],
                "DetailType": event["detail-type"],
                "Detail": json.dumps(event["detail"], ensure_ascii=False),
                "Resources": event.get("resources", []),
                **({"Time": event["time"]} if event.get("time") else {}),
            }
        except (ValueError, KeyError, TypeError) as error:
            raise StillFails("it is not an event") from error
        answer = self.stack.client("events").put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise StillFails(f"the bus refused it: {answer['Entries'][0].get('ErrorMessage', 'without a reason')}")


@dataclass(frozen=True)
class ToFunction:
    """To the function that could not understand it: one record of a stream, as the stream would hand it over."""

    lambda_: Any
    path: str
    function: str

    def __str__(self) -> str:
        return self.path

    def send(self, letter: Letter) -> None:
        try:
            document = json.loads(letter.body)
        except ValueError as error:
            raise StillFails("it is not JSON") from error
        match document:
            case {"record": dict(record)}:
                invoke(self.lambda_, self.function, {"Records": [record]})
            case _:
                raise StillFails("it holds no record")


@dataclass(frozen=True)
class ToStreamReader:
    """To the function whose stream gave up a whole invocation: all of its records again, in their order."""

    lambda_: Any
    functions: Mapping[str, str]

    def __str__(self) -> str:
        return "the function that each names"

    def send(self, letter: Letter) -> None:
        try:
            records = records_of(letter.body)
            function = self._function_of(letter)
        except (ValueError, KeyError, TypeError) as error:
            raise StillFails(f"it is not a record of a failed invocation ({error})") from error
        invoke(self.lambda_, function, {"Records": records})

    def _function_of(self, letter: Letter) -> str:
        """The mapping's function as it is now (its id is in the key: aws/lambda/<mapping>/<shard>/…), or the one that
        the record names."""
        mapping = letter.id.split("/")[2:3]
        named: str = json.loads(letter.body)["requestContext"]["functionArn"]
        return self.functions.get(mapping[0], named) if mapping else named


def invoke(lambda_: Any, function: str, event: Mapping[str, Any]) -> None:
    """Raises StillFails unless the function took all of it."""
    try:
        answer = lambda_.invoke(FunctionName=function, Payload=json.dumps(event, ensure_ascii=False).encode())
    except (BotoCoreError, ClientError) as error:
        raise StillFails(f"{function} did not answer: {error}") from error
    said = json.loads(answer["Payload"].read() or "null")
    if "FunctionError" in answer:
        name, message = (said or {}).get("errorType", "error"), (said or {}).get("errorMessage", "")
        raise StillFails(f"{name}: {message}")
    if isinstance(said, dict) and said.get("batchItemFailures"):
        raise StillFails(f"the function still fails, at {said['batchItemFailures'][0].get('itemIdentifier')}")
