"""Finds every place of a stack where dead letters are kept, and where each of them sends its letters back.

Both are found from what is deployed; no name is written here. Queues name their dead-letter queues in redrive policies,
rules in their targets, functions in their configuration, and event source mappings in their failure destinations.
"""

import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from deployed.bus import Rule, rules_of
from deployed.dead_letters.destinations import Destination, Source, ToFunction, ToRule, ToSource, ToStreamReader
from deployed.dead_letters.letters import Letter
from deployed.errors import Usage
from deployed.queue_depth import attributes_of, depth_in
from deployed.stack import Stack

# Long enough to send back what was read. What remains becomes visible again at once.
_HOLD_SECONDS = 120
# The variable that names the queue for single failed records of a stream (shopkit.streams).
_FAILURE_QUEUE = "FAILURE_QUEUE_URL"


class Place:
    """A queue or bucket of dead letters. `path` names it. `destination` is where its letters belong, or None if no
    deployed resource shows it."""

    def __init__(self, path: str, destination: Destination | None) -> None:
        self.path, self.destination = path, destination

    def depth(self) -> int:
        raise NotImplementedError

    def letters(self) -> Generator[Letter]:
        """Yields every letter once. A caller that only reads leaves them unchanged."""
        raise NotImplementedError

    def remove(self, letter: Letter) -> None:
        """Deletes one of `letters` for good."""
        raise NotImplementedError


class QueuePlace(Place):
    def __init__(self, sqs: Any, path: str, url: str, destination: Destination | None) -> None:
        super().__init__(path, destination)
        self._sqs, self._url = sqs, url
        self._held: dict[str, str] = {}

    def depth(self) -> int:
        return depth_in(attributes_of(self._sqs, self._url))

    def letters(self) -> Generator[Letter]:
        """Yields the letters that are there now. Letters that arrive meanwhile are left for the next time, because a
        letter that fails again comes back here."""
        depth, seen = self.depth(), set[str]()
        try:
            while len(seen) < depth:
                fresh = [message for message in self._received() if message["MessageId"] not in seen]
                if not fresh:
                    return
                seen |= {message["MessageId"] for message in fresh}
                self._held |= {message["MessageId"]: message["ReceiptHandle"] for message in fresh}
                yield from map(_letter, fresh)
        finally:
            self._put_back()

    def remove(self, letter: Letter) -> None:
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=self._held.pop(letter.id))

    def _received(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=_HOLD_SECONDS,
            WaitTimeSeconds=1,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        return messages

    def _put_back(self) -> None:
        while self._held:
            _id, handle = self._held.popitem()
            self._sqs.change_message_visibility(QueueUrl=self._url, ReceiptHandle=handle, VisibilityTimeout=0)


class BucketPlace(Place):
    """Whole invocations that a stream gave up, one object each."""

    def __init__(self, s3: Any, path: str, bucket: str, destination: Destination) -> None:
        super().__init__(path, destination)
        self._s3, self._bucket = s3, bucket

    def depth(self) -> int:
        return sum(1 for _ in self._keys())

    def letters(self) -> Generator[Letter]:
        for key, since in list(self._keys()):
            try:
                body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except ClientError as error:
                if error.response["Error"]["Code"] == "NoSuchKey":  # another operator redrove it
                    continue
                raise
            yield Letter(key, body.decode("utf-8", "replace"), since)

    def remove(self, letter: Letter) -> None:
        self._s3.delete_object(Bucket=self._bucket, Key=letter.id)

    def _keys(self) -> Iterator[tuple[str, datetime]]:
        """Yields the keys, oldest first."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
        found = [(entry["Key"], entry["LastModified"]) for page in pages for entry in page.get("Contents", [])]
        yield from sorted(found, key=lambda entry: (entry[1], entry[0]))


def places_of(stack: Stack) -> list[Place]:
    """Returns the places in order of path."""
    return sorted(_Deployed(stack).places(), key=lambda place: place.path)


def place_named(places: list[Place], name: str) -> Place:
    """Returns the place with this path, or whose path ends with it if only one does. Raises Usage."""
    found = [place for place in places if place.path == name] or [
        place for place in places if place.path.rpartition("/")[2] == name
    ]
    if len(found) == 1:
        return found[0]
    known = ", ".join(place.path for place in found or places)
    raise Usage(
        f"{name} names {'more than one place' if found else 'no place'} of dead letters. The places are: {known}."
    )


@dataclass(frozen=True)
class _Queue:
    path: str
    url: str
    arn: str
    dead_letters: str | None
    fifo: bool


class _Deployed:
    """What AWS reports about the stack; each call is made once."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.sqs, self.lambda_ = stack.client("sqs"), stack.client("lambda")

    def places(self) -> Iterator[Place]:
        for queue in self.queues:
            if queue.arn not in self.consumed:
                yield QueuePlace(self.sqs, queue.path, queue.url, self._destination_of(queue))
        buckets = {found.id: found.path for found in self.stack.resources.of_type("AWS::S3::Bucket")}
        for arn in {_on_failure(mapping) for mapping in self.mappings}:
            name = arn.rpartition(":")[2]
            if arn.split(":")[2:3] == ["s3"]:
                home = ToStreamReader(
                    self.lambda_, {mapping["UUID"]: mapping["FunctionArn"] for mapping in self.mappings}
                )
                yield BucketPlace(self.stack.client("s3"), buckets.get(name, name), name, home)

    def _destination_of(self, queue: _Queue) -> Destination | None:
        sources = [found for found in self.queues if found.dead_letters == queue.arn]
        if sources:
            return ToSource(
                self.sqs,
                [Source(found.path, found.url, found.arn, found.fifo, self._logs_of(found)) for found in sources],
            )
        if rules := self._rules_into(queue.arn):
            return ToRule(self.stack, rules)
        for name, function in self.functions.items():
            if function.get("Environment", {}).get("Variables", {}).get(_FAILURE_QUEUE, "").endswith(_end(queue)):
                return ToFunction(self.lambda_, self.paths[name], name)
        return None

    def _logs_of(self, queue: _Queue) -> str | None:
        for mapping in self.mappings:
            if mapping.get("EventSourceArn") == queue.arn:
                name = mapping["FunctionArn"].split(":")[6]
                group: str = self.functions[name].get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}")
                return group
        return None

    def _rules_into(self, dead_letters: str) -> list[Rule]:
        return [rule for rule in self.rules if any(target.dead_letters == dead_letters for target in rule.targets)]

    @cached_property
    def rules(self) -> list[Rule]:
        return rules_of(self.stack)

    @cached_property
    def queues(self) -> list[_Queue]:
        return [_queue(self.sqs, found.path, found.id) for found in self.stack.resources.of_type("AWS::SQS::Queue")]

    @cached_property
    def paths(self) -> dict[str, str]:
        """The functions' paths by name."""
        return {found.id: found.path for found in self.stack.resources.of_type("AWS::Lambda::Function")}

    @cached_property
    def functions(self) -> dict[str, dict[str, Any]]:
        """The configuration of the stack's functions, by name."""
        pages = self.lambda_.get_paginator("list_functions").paginate()
        found = {function["FunctionName"]: function for page in pages for function in page["Functions"]}
        return {name: function for name, function in found.items() if name in self.paths}

    @cached_property
    def mappings(self) -> list[dict[str, Any]]:
        """The event source mappings of the stack's functions."""
        pages = self.lambda_.get_paginator("list_event_source_mappings").paginate()
        found = (mapping for page in pages for mapping in page["EventSourceMappings"])
        return [mapping for mapping in found if mapping["FunctionArn"].split(":")[6] in self.paths]

    @cached_property
    def consumed(self) -> set[str]:
        """Queues that have a consumer."""
        read = {mapping.get("EventSourceArn", "") for mapping in self.mappings}
        return read | {queue.arn for queue in self.queues if queue.dead_letters}


def _queue(sqs: Any, path: str, url: str) -> _Queue:
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    policy = json.loads(attributes.get("RedrivePolicy", "{}"))
    fifo = attributes.get("FifoQueue") == "true"
    return _Queue(path, url, attributes["QueueArn"], policy.get("deadLetterTargetArn"), fifo)


def _end(queue: _Queue) -> str:
    """Returns the account and name, the part of a queue's URL that is the same for every caller."""
    return "/" + "/".join(queue.url.split("/")[-2:])


def _on_failure(mapping: dict[str, Any]) -> str:
    destination: str = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination") or ""
    return destination


def _letter(message: dict[str, Any]) -> Letter:
    attributes = message.get("Attributes", {})
    since = datetime.fromtimestamp(int(attributes.get("SentTimestamp", "0")) / 1000, UTC)
    return Letter(message["MessageId"], message["Body"], since, attributes, message.get("MessageAttributes", {}))
