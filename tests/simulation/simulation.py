"""The whole shop in one process: real handlers and real templates, an in-memory AWS, and every trigger between them.

Nothing happens by itself: a test chooses each next step. `settle_down` runs everything until nothing is left to do.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from unittest.mock import patch

from shopkit import clock
from shopkit.dynamodb import from_item
from shopkit.telemetry import logger
from tests.simulation.channels import Queue, QueueReader, StreamReader
from tests.simulation.deployment import Deployment, Function, deployment
from tests.simulation.expressions import NotModelled
from tests.simulation.invocation import Invocation, Outcome
from tests.simulation.small_aws import SmallAWS, installed
from tests.simulation.small_dynamodb import SmallDynamoDB, Table
from tests.simulation.workflow import Execution, Failure

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
# A shop that is not quiet after so many invocations never will be.
_RESTLESS = 1_000
# How often Lambda retries a failed asynchronous invocation, as by a schedule.
_ASYNCHRONOUS_RETRIES = 2

skew: ContextVar[timedelta] = ContextVar("skew", default=timedelta())
"""How wrong the clock is of the function that runs."""


class Trigger(Protocol):
    """Something that may call a function now."""

    @property
    def ready(self) -> bool: ...
    @property
    def label(self) -> str: ...
    def begin(self) -> Invocation: ...


@dataclass(frozen=True)
class Published:
    """One event that was published on the bus or the order-updates topic."""

    id: str
    type: str
    event: Mapping[str, Any]


class Simulation:
    """Create it with `new_simulation()`."""

    def __init__(self, deployed: Deployment) -> None:
        self.deployed = deployed
        self.now = START
        self.tables = {name: Table(found.key, found.indexes, found.streamed) for name, found in deployed.tables.items()}
        services = {
            "dynamodb": SmallDynamoDB(self.tables).answer,
            "events": self._put_events,
            "sns": self._publish_batch,
            "sqs": self._send_message,
        }
        self.aws = SmallAWS(services)
        self.queues = {name: Queue(name, found) for name, found in deployed.queues.items()}
        self.streams: list[StreamReader] = []
        self.consumers: list[QueueReader] = []
        for reader in deployed.readers.values():
            function = deployed.functions[reader.function]
            if reader.source in self.tables:
                self.streams.append(StreamReader(reader, function, self.tables[reader.source]))
            else:
                queue = self.queues[reader.source]
                assert queue.definition.dead_letters, f"{queue.name} would lose what fails"
                dead_letters = self.queues[queue.definition.dead_letters]
                self.consumers.append(QueueReader(reader, function, queue, dead_letters))
        self.executions: list[Execution] = []
        self.bus: list[Published] = []
        self.order_updates: list[Published] = []
        self.invoked: dict[str, int] = {}
        self.losing: set[str] = set()  # machines whose executions are lost as they start
        self._functions = {function.module: function for function in deployed.functions.values()}

    # ── Who may do something ──────────────────────────────────────────────────────────────────────────────────────────

    def ready(self) -> list[Trigger]:
        triggers: list[Trigger] = [Worker(self, execution) for execution in self.executions]
        triggers += [*self.streams, *self.consumers]
        return [trigger for trigger in triggers if trigger.ready]

    def settle_down(self) -> None:
        """Runs everything, one step after the other, until nothing is left to do."""
        for _ in range(_RESTLESS):
            ready = self.ready()
            if not ready:
                return
            self.run(ready[0].begin())
        raise AssertionError(f"the shop does not come to rest: {[trigger.label for trigger in self.ready()]}")

    def run(self, invocation: Invocation) -> None:
        self.begun(invocation)
        invocation.run()
        invocation.end()

    def begun(self, invocation: Invocation) -> None:
        self.invoked[str(invocation)] = self.invoked.get(str(invocation), 0) + 1

    def function(self, module: str) -> Function:
        return self._functions[module]

    def call(self, module: str, event: Any) -> Outcome:
        """Invokes a function directly. Returns what the handler returned, or how it failed."""
        outcomes: list[Outcome] = []
        self.run(Invocation(self.function(module), event, outcomes.append))
        return outcomes[0]

    def tick(self, by: timedelta = timedelta()) -> None:
        """Advances the time and runs every schedule."""
        self.now += by
        for name in self.deployed.schedules:
            for _ in range(1 + _ASYNCHRONOUS_RETRIES):
                if not isinstance(self.call(self.deployed.functions[name].module, {}), Failure):
                    break

    # ── What happens to executions ────────────────────────────────────────────────────────────────────────────────────

    def start(self, machine: str, event: Mapping[str, Any]) -> Execution:
        name = f"{machine}/{len(self.executions) + 1}"
        execution = Execution(name, machine, self.deployed.machines[machine], event, self._send_success)
        self.executions.append(execution)
        if machine in self.losing:
            execution.aborted()
        return execution

    def _send_success(self, token: str) -> Failure | None:
        name = token.rpartition("/")[0]
        for execution in self.executions:
            if execution.id == name:
                return execution.woken(token)
        return Failure("Sfn.InvalidTokenException")

    # ── What is there ─────────────────────────────────────────────────────────────────────────────────────────────────

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [from_item(item) for item in self.tables[table].items.values()]

    def consumer(self, module: str) -> QueueReader:
        (found,) = (reader for reader in self.consumers if reader.function.module == module)
        return found

    def stream(self, module: str) -> StreamReader:
        (found,) = (reader for reader in self.streams if reader.function.module == module)
        return found

    def time(self) -> datetime:
        return self.now + skew.get()

    # ── The bus, the topic, and queues that functions send to ─────────────────────────────────────────────────────────

    def deliver(self, event: Mapping[str, Any]) -> None:
        """Delivers an event to its targets as EventBridge does: at least once."""
        for rule in self.deployed.rules.values():
            if rule.takes(event):
                if rule.target in self.queues:
                    self.queues[rule.target].send(json.dumps(event))
                else:
                    self.start(rule.target, event)

    def _put_events(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if operation != "PutEvents":
            raise NotModelled(f"events {operation}")
        for entry in parameters["Entries"]:
            event = {
                "source": entry["Source"],
                "detail-type": entry["DetailType"],
                "detail": json.loads(entry["Detail"]),
            }
            self.bus.append(Published(event["detail"]["event_id"], event["detail-type"], event))
            self.deliver(event)
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "taken"} for _ in parameters["Entries"]]}

    def _publish_batch(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if operation != "PublishBatch":
            raise NotModelled(f"sns {operation}")
        for entry in parameters["PublishBatchRequestEntries"]:
            event = json.loads(entry["Message"])
            self.order_updates.append(Published(entry["MessageDeduplicationId"], event["detail-type"], event))
        return {"Successful": [], "Failed": []}

    def _send_message(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if operation != "SendMessage":
            raise NotModelled(f"sqs {operation}")
        self.queues[parameters["QueueUrl"]].send(parameters["MessageBody"])
        return {}


@dataclass(frozen=True)
class Worker:
    """Step Functions at work for one execution."""

    shop: Simulation
    execution: Execution

    @property
    def ready(self) -> bool:
        return self.execution.ready

    @property
    def label(self) -> str:
        return f"{self.execution.state} of {self.execution.id}"

    def begin(self) -> Invocation:
        name, payload = self.execution.begin()
        attempt = self.execution.attempt

        def ended(outcome: Outcome) -> None:
            """Ignores the result of a call that was given up, because it is too late."""
            execution = self.execution
            if execution.status != "RUNNING" or not execution.busy or execution.attempt != attempt:
                return
            if isinstance(outcome, Failure):
                execution.failed(outcome)
            else:
                execution.returned(outcome)

        return Invocation(self.shop.deployed.functions[name], payload, ended)


@contextmanager
def new_simulation() -> Iterator[Simulation]:
    shop = Simulation(deployment())
    level = logger.log_level
    logger.setLevel("CRITICAL")
    try:
        with (
            installed(shop.aws),
            patch.object(clock, "now", shop.time),
            # Pauses between attempts are left out, because waiting changes nothing here.
            patch.object(time, "sleep", lambda _seconds: None),
        ):
            yield shop
    finally:
        logger.setLevel(level)
