"""What connects a change with the functions that react to it: streams and queues, with their retry rules."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.deployment import Function, QueueDefinition, Reader
from tests.simulation.invocation import Invocation, Outcome
from tests.simulation.small_dynamodb import Table
from tests.simulation.workflow import Failure
from tests.support.deliveries import sqs_record


@dataclass
class Message:
    id: str
    body: str
    receives: int = 0


@dataclass
class Queue:
    """A standard SQS queue: at least once, in no order."""

    name: str
    definition: QueueDefinition
    messages: list[Message] = field(default_factory=list)
    in_flight: list[Message] = field(default_factory=list)
    _sent: int = 0

    def send(self, body: str) -> None:
        self._sent += 1
        self.messages.append(Message(f"{self.name}/{self._sent}", body))

    def take(self, message: Message) -> None:
        self.messages.remove(message)
        self.in_flight.append(message)
        message.receives += 1


@dataclass
class QueueReader:
    """The event source mapping of a queue. Messages that its function does not report as failed are deleted."""

    reader: Reader
    function: Function
    queue: Queue
    dead_letters: Queue

    @property
    def ready(self) -> bool:
        return bool(self.queue.messages)

    @property
    def label(self) -> str:
        return f"{self.function.module} ← {self.queue.name}"

    def begin(self, batch_size: int | None = None, first: int = 0) -> Invocation:
        """Takes a batch, which may begin anywhere in the queue."""
        waiting = self.queue.messages[first:] + self.queue.messages[:first]
        batch = waiting[: batch_size or self.reader.batch_size]
        for message in batch:
            self.queue.take(message)
        return Invocation(
            self.function,
            {"Records": [_record(message) for message in batch]},
            lambda outcome: self._ended(batch, outcome),
        )

    def _ended(self, batch: Sequence[Message], outcome: Outcome) -> None:
        failed = {message.id for message in batch} if isinstance(outcome, Failure) else _reported(outcome)
        for message in batch:
            self.queue.in_flight.remove(message)
            if message.id not in failed:
                continue
            if message.receives < self.queue.definition.receives:
                self.queue.messages.append(message)
            else:
                self.dead_letters.messages.append(message)

    def redrive(self) -> None:
        """Moves all dead letters back into the queue, as new messages."""
        for message in self.dead_letters.messages:
            message.receives = 0
        self.queue.messages += self.dead_letters.messages
        self.dead_letters.messages = []


@dataclass
class StreamReader:
    """The event source mapping of a table's stream: in order, one batch at a time, stopping at a failure.

    A record that fails as long as the mapping retries can be moved to the failure bucket with `park`. A person redrives
    it from there later, and so out of order.
    """

    reader: Reader
    function: Function
    table: Table
    position: int = 0
    busy: bool = False
    parked: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        if not self.busy:
            self._skip()
        return not self.busy and self.position < len(self.table.stream)

    @property
    def label(self) -> str:
        return f"{self.function.module} ← {self.reader.source}"

    def begin(self, batch_size: int | None = None) -> Invocation:
        self.busy = True
        wanted = self.table.stream[self.position :]
        batch = [record for record in wanted if self.reader.takes(record)][: batch_size or self.reader.batch_size]
        return Invocation(self.function, {"Records": batch}, lambda outcome: self._ended(batch, outcome))

    def park(self) -> None:
        """Gives up the next record, because it has failed for too long."""
        self.parked.append(self.table.stream[self.position])
        self.position += 1

    def redrive(self, ended: Callable[[Outcome], None]) -> Invocation:
        """Applies the parked record again. It stays parked unless that succeeds."""
        batch = list(self.parked)

        def done(outcome: Outcome) -> None:
            if not isinstance(outcome, Failure) and not _reported(outcome):
                self.parked = [record for record in self.parked if record not in batch]
            ended(outcome)

        return Invocation(self.function, {"Records": batch}, done)

    def _skip(self) -> None:
        """Skips records that the filter excludes."""
        while self.position < len(self.table.stream) and not self.reader.takes(self.table.stream[self.position]):
            self.position += 1

    def _ended(self, batch: Sequence[dict[str, Any]], outcome: Outcome) -> None:
        self.busy = False
        if isinstance(outcome, Failure):
            return
        numbers = [record["dynamodb"]["SequenceNumber"] for record in self.table.stream]
        first_failed = min(_reported(outcome), default=None)
        if first_failed is None:
            self.position = numbers.index(batch[-1]["dynamodb"]["SequenceNumber"]) + 1
        else:
            self.position = numbers.index(first_failed)


def _reported(answer: Any) -> set[str]:
    """Returns the failures in a partial batch response. An invalid response would be a silent loss."""
    return {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}


def _record(message: Message) -> dict[str, Any]:
    return sqs_record(message.body, message.id, attempt=message.receives)


def event_of(message: Message) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(message.body)
    return event
