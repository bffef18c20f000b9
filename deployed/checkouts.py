"""An order's checkouts, step by step, from the history of their executions. EXPRESS executions keep no history."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from deployed.front_door import Event
from deployed.stack import Stack

_STARTED_BY = {"OrderPlaced", "OrderReviewed"}
_FAILED = ("TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed")
# Executions cannot be searched by input. So examine those that began while the order was open, nearest in time first.
_LISTED, _LOOKED_AT = 2000, 40
_SLACK = timedelta(seconds=5)


@dataclass(frozen=True)
class Step:
    """One step of a checkout. `errors` are those of the failed attempts."""

    name: str
    began: datetime
    ended: datetime
    attempts: int
    errors: tuple[str, ...]


@dataclass(frozen=True)
class Checkout:
    began: datetime
    status: str
    steps: tuple[Step, ...]

    @property
    def transitions(self) -> int:
        """How many transitions a STANDARD execution is billed for: its start, each state entered and each retry."""
        return 1 + sum(max(step.attempts, 1) for step in self.steps)


@dataclass(frozen=True)
class Checkouts:
    """`runs` are the executions that were found, oldest first."""

    express: bool
    runs: tuple[Checkout, ...] = ()


def checkouts_of(stack: Stack, order_id: str, events: Sequence[Event]) -> Checkouts:
    states, machine = stack.client("stepfunctions"), stack.resources["Workflows/Checkout"]
    if states.describe_state_machine(stateMachineArn=machine)["type"] == "EXPRESS":
        return Checkouts(express=True)
    starts = [event.at for event in events if event.type in _STARTED_BY]
    if not starts:
        return Checkouts(express=False)
    found = _began_between(states, machine, min(starts) - _SLACK, events[-1].at + _SLACK)
    nearest = sorted(found, key=lambda one: min(abs(one["startDate"] - start) for start in starts))[:_LOOKED_AT]
    runs = [_checkout(states, one) for one in nearest if _is_about(states, one["executionArn"], order_id)]
    return Checkouts(express=False, runs=tuple(sorted(runs, key=lambda run: run.began)))


def steps_in(history: Iterable[dict[str, Any]]) -> list[Step]:
    """Returns the steps of a history. Checkout has no parallel branches, so its steps follow one another."""
    steps: list[Step] = []
    name, began, attempts, errors = "", None, 0, list[str]()
    for event in history:
        kind: str = event["type"]
        if kind.endswith("StateEntered"):
            name, began, attempts, errors = event["stateEnteredEventDetails"]["name"], event["timestamp"], 0, []
        elif kind == "TaskScheduled":
            attempts += 1
        elif kind in _FAILED:
            details: dict[str, Any] = event.get(f"{kind[0].lower()}{kind[1:]}EventDetails", {})
            errors.append(details.get("error", kind))
        elif kind.endswith("StateExited") and began:
            steps.append(Step(name, began, event["timestamp"], attempts, tuple(errors)))
    return steps


def _began_between(states: Any, machine: str, first: datetime, last: datetime) -> list[dict[str, Any]]:
    """Returns executions that began in this period, newest first."""
    pages = states.get_paginator("list_executions").paginate(
        stateMachineArn=machine, PaginationConfig={"MaxItems": _LISTED, "PageSize": 500}
    )
    found: list[dict[str, Any]] = []
    for page in pages:
        for execution in page["executions"]:
            if execution["startDate"] < first:
                return found
            if execution["startDate"] <= last:
                found.append(execution)
    return found


def _is_about(states: Any, execution: str, order_id: str) -> bool:
    event = json.loads(states.describe_execution(executionArn=execution).get("input") or "{}")
    found: bool = event.get("detail", {}).get("data", {}).get("order_id") == order_id
    return found


def _checkout(states: Any, execution: dict[str, Any]) -> Checkout:
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution["executionArn"])
    history = [event for page in pages for event in page["events"]]
    return Checkout(execution["startDate"], execution["status"], tuple(steps_in(history)))
