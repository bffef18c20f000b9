"""Where a dead letter is sent back: to the queue, the rule's target or the function for which it was meant.

A destination only sends; the caller then removes the letter. A crash in between sends it twice, which is safe because
every consumer recognizes repeated messages.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from contracts.envelope import ABOUT_THE_RULE
from deployed.bus import Rule, Target
from deployed.dead_letters.letters import Letter, records_of
from deployed.stack import Stack


class StillFails(Exception):
    """The letter failed again, or cannot be sent; it stays. The message says why."""


class Destination(Protocol):
    def __str__(self) -> str:
        """Returns the destination's name for people."""

    def send(self, letter: Letter) -> None:
        """Sends the letter. Raises StillFails, ClientError."""


@dataclass(frozen=True)
class Source:
    """A queue with a consumer. `logs` is the consumer's log group."""

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
        # Keep the message group. Use a new deduplication id, or SQS would treat it as a repetition of the first attempt
        # and drop it. The letter's id is right, because sending the letter twice must count once. The consumer goes by
        # the event's id.
        order = (
            {
                "MessageGroupId": letter.attributes.get("MessageGroupId", "redrive"),
                "MessageDeduplicationId": f"redrive-{letter.id}",
            }
            if source.fifo
            else {}
        )
        extras = {name: value for name, value in letter.extras.items() if name not in ABOUT_THE_RULE}
        self.sqs.send_message(QueueUrl=source.url, MessageBody=letter.body, MessageAttributes=extras, **order)

    def source_of(self, letter: Letter) -> Source:
        """Returns the queue from which the letter came. Raises StillFails."""
        by_arn = {source.arn: source for source in self.sources}
        for arn in (letter.attributes.get("DeadLetterQueueSourceArn"), letter.attached("TARGET_ARN")):
            if arn in by_arn:
                return by_arn[arn]
        if len(self.sources) == 1:
            return self.sources[0]
        raise StillFails(f"the message does not say which of {self} it came from")


@dataclass(frozen=True)
class ToRule:
    """To the target that its rule could not reach. A workflow is started with the event. For any other target, the
    event is published on the bus again, where every other consumer recognizes it by its id."""

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
        """Returns the rule's present target, because the original one may have been replaced."""
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
            raise StillFails(
                f"the bus refused the event: {answer['Entries'][0].get('ErrorMessage', 'no reason given')}"
            )


@dataclass(frozen=True)
class ToFunction:
    """To the function that could not understand it: one record of a stream, in the format of the stream."""

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
                raise StillFails("it contains no record")


@dataclass(frozen=True)
class ToStreamReader:
    """To the function whose stream gave up a whole invocation: all of its records again, in order."""

    lambda_: Any
    functions: Mapping[str, str]

    def __str__(self) -> str:
        return "the function named in each letter"

    def send(self, letter: Letter) -> None:
        try:
            records = records_of(letter.body)
            function = self._function_of(letter)
        except (ValueError, KeyError, TypeError) as error:
            raise StillFails(f"it is not a record of a failed invocation ({error})") from error
        invoke(self.lambda_, function, {"Records": records})

    def _function_of(self, letter: Letter) -> str:
        """Returns the event source mapping's present function (the mapping's id is in the key:
        aws/lambda/<mapping>/<shard>/…), or else the function that the record names."""
        mapping = letter.id.split("/")[2:3]
        named: str = json.loads(letter.body)["requestContext"]["functionArn"]
        return self.functions.get(mapping[0], named) if mapping else named


def invoke(lambda_: Any, function: str, event: Mapping[str, Any]) -> None:
    """Invokes the function. Raises StillFails unless it processed every record."""
    try:
        answer = lambda_.invoke(FunctionName=function, Payload=json.dumps(event, ensure_ascii=False).encode())
    except (BotoCoreError, ClientError) as error:
        raise StillFails(f"{function} did not respond: {error}") from error
    result = json.loads(answer["Payload"].read() or "null")
    if "FunctionError" in answer:
        name, message = (result or {}).get("errorType", "error"), (result or {}).get("errorMessage", "")
        raise StillFails(f"{name}: {message}")
    if isinstance(result, dict) and result.get("batchItemFailures"):
        raise StillFails(f"the function still fails, at {result['batchItemFailures'][0].get('itemIdentifier')}")
