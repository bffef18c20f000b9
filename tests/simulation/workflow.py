"""The state machines, run from their own definitions: as much of the Amazon States Language as they use.

An execution is passive: it says which function to call next, is told how the call ended, and follows the definition's
Retry, Catch, Assign, Output and Next. So what is under test is the definition itself.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from jsonata import Jsonata

from tests.simulation.expressions import NotModelled

INVOKE = "arn:aws:states:::lambda:invoke"
WAIT_FOR_TOKEN = f"{INVOKE}.waitForTaskToken"
SEND_SUCCESS = "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess"

# The States.ALL of a Retry or Catch does not match these (Step Functions developer guide, error names).
_BEYOND_ALL = {"States.DataLimitExceeded", "States.Runtime"}
_KNOWN = {
    "Type", "Resource", "Arguments", "TimeoutSeconds", "Retry", "Catch", "Output", "Next", "End", "Comment",
}  # fmt: skip

type Status = Literal["RUNNING", "SUCCEEDED", "FAILED", "ABORTED"]


@dataclass(frozen=True)
class Failure:
    """How a task failed: the error's name, as Retry and Catch match it, and its message."""

    error: str
    message: str = ""


@dataclass
class Execution:
    """One execution. It is `busy` while a function works for it, and `waiting` while it waits for its token."""

    id: str
    machine: str
    definition: Mapping[str, Any]
    input: Mapping[str, Any]
    send_success: Callable[[str], Failure | None]
    status: Status = "RUNNING"
    state: str = ""
    busy: bool = False
    waiting: bool = False
    attempt: int = 0
    _variables: dict[str, Any] = field(default_factory=dict)
    _state_input: Any = None
    _retries: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._enter(self.definition["StartAt"], self.input)

    @property
    def ready(self) -> bool:
        return self.status == "RUNNING" and not self.busy and not self.waiting

    @property
    def token(self) -> str:
        """Every attempt of a task has its own."""
        return f"{self.id}/{self.attempt}"

    def begin(self) -> tuple[str, Any]:
        """The function to call now and what with."""
        self.busy = True
        self.attempt += 1
        arguments = self._evaluated(self._task["Arguments"])
        return arguments["FunctionName"], arguments["Payload"]

    def returned(self, result: Any) -> None:
        self.busy = False
        if self._task["Resource"] == WAIT_FOR_TOKEN:
            self.waiting = True
        else:
            self._go_on({"Payload": result, "StatusCode": 200})

    def woken(self, token: str) -> Failure | None:
        """SendTaskSuccess: answers why not, for a token that nobody waits with (any more)."""
        if self.status != "RUNNING" or token != self.token or self._task["Resource"] != WAIT_FOR_TOKEN:
            return Failure("Sfn.TaskTimedOutException")
        self.busy = self.waiting = False
        self._go_on({})
        return None

    def failed(self, failure: Failure) -> None:
        """Of the retriers the first that matches decides; then of the catchers."""
        self.busy = self.waiting = False
        for number, retrier in enumerate(self._task.get("Retry", [])):
            if _matches(retrier["ErrorEquals"], failure.error):
                used = self._retries.get(number, 0)
                if used < retrier.get("MaxAttempts", 3):
                    self._retries[number] = used + 1
                    return
                break
        for catcher in self._task.get("Catch", []):
            if _matches(catcher["ErrorEquals"], failure.error):
                cause = json.dumps({"errorType": failure.error, "errorMessage": failure.message})
                output = {"Error": failure.error, "Cause": cause}
                self._variables |= self._evaluated(catcher.get("Assign", {}), errorOutput=output)
                self._enter(catcher["Next"], output)
                return
        self.status = "FAILED"

    def timed_out(self) -> None:
        """The task's own time is over: whatever works or waits for it is too late."""
        self.failed(Failure("States.Timeout"))

    def aborted(self) -> None:
        """The whole execution's time is over, or it was lost: nothing is caught."""
        self.status = "ABORTED"

    @property
    def _task(self) -> Mapping[str, Any]:
        task: Mapping[str, Any] = self.definition["States"][self.state]
        return task

    def _enter(self, state: str, state_input: Any) -> None:
        self.state, self._state_input, self._retries = state, state_input, {}
        if self._task["Type"] == "Succeed":
            self.status = "SUCCEEDED"
            return
        if self._task["Type"] != "Task" or self._task.keys() - _KNOWN:
            raise NotModelled(f"state {state}: {self._task}")
        if self._task["Resource"] == SEND_SUCCESS:
            self.attempt += 1
            refused = self.send_success(self._evaluated(self._task["Arguments"])["TaskToken"])
            if refused:
                self.failed(refused)
            else:
                self._go_on({})
        elif self._task["Resource"] not in {INVOKE, WAIT_FOR_TOKEN}:
            raise NotModelled(f"state {state}: {self._task['Resource']}")

    def _go_on(self, result: Any) -> None:
        output = self._evaluated(self._task["Output"], result=result) if "Output" in self._task else result
        if self._task.get("End"):
            self.status = "SUCCEEDED"
        else:
            self._enter(self._task["Next"], output)

    def _evaluated(self, node: Any, **more: Any) -> Any:
        context = {"Execution": {"Input": self.input, "Id": self.id}, "Task": {"Token": self.token}}
        return _evaluated(node, {"input": self._state_input, "context": context, **more}, self._variables)


def _matches(names: list[str], error: str) -> bool:
    return error in names or ("States.ALL" in names and error not in _BEYOND_ALL)


def _evaluated(node: Any, states: Mapping[str, Any], variables: Mapping[str, Any]) -> Any:
    """The node with every `{% JSONata %}` in it replaced by its value."""
    match node:
        case str() if node.startswith("{%") and node.endswith("%}"):
            value = _compiled(node[2:-2].strip()).evaluate({}, {**variables, "states": states})
            return json.loads(json.dumps(value))
        case dict():
            return {key: _evaluated(value, states, variables) for key, value in node.items()}
        case list():
            return [_evaluated(value, states, variables) for value in node]
    return node


@cache
def _compiled(expression: str) -> Jsonata:
    compiled = Jsonata(expression)
    # Step Functions' own addition to JSONata.
    compiled.register_lambda("parse", json.loads)
    return compiled
