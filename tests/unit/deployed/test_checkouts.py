"""The checkouts of an order are found by its time, and their steps tell how often they were tried."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from deployed import checkouts
from deployed.checkouts import Checkout, Checkouts, Step, checkouts_of, steps_in
from deployed.front_door import Event
from deployed.resources import Resource, Resources
from deployed.stack import Details, Stack
from tests.support.front_door import DETAILS, event

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def entered(name: str, seconds: float, kind: str = "Task") -> dict[str, Any]:
    return {"type": f"{kind}StateEntered", "timestamp": at(seconds), "stateEnteredEventDetails": {"name": name}}


def happened(kind: str, seconds: float, **details: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": at(seconds), **details}


HISTORY = [
    happened("ExecutionStarted", 0),
    entered("Reserve goods", 0.1),
    happened("TaskScheduled", 0.1),
    happened("TaskSucceeded", 0.2),
    happened("TaskStateExited", 0.2),
    entered("Authorize payment", 0.2),
    happened("TaskScheduled", 0.2),
    happened("TaskFailed", 0.3, taskFailedEventDetails={"error": "GatewayUnavailable"}),
    happened("TaskScheduled", 1.3),
    happened("TaskTimedOut", 2.3, taskTimedOutEventDetails={"error": "States.Timeout"}),
    happened("TaskScheduled", 3),
    happened("TaskSucceeded", 4),
    happened("TaskStateExited", 4),
    entered("Held", 4, kind="Succeed"),
    happened("SucceedStateExited", 4),
    happened("ExecutionSucceeded", 4),
]


def test_a_step_tells_how_often_it_was_tried_and_what_failed() -> None:
    reserve, authorize, held = steps_in(HISTORY)
    assert reserve == Step("Reserve goods", at(0.1), at(0.2), 1, ())
    assert authorize == Step("Authorize payment", at(0.2), at(4), 3, ("GatewayUnavailable", "States.Timeout"))
    assert (held.name, held.attempts) == ("Held", 0)
    assert Checkout(NOON, "SUCCEEDED", (reserve, authorize, held)).transitions == 6


class States:
    """Step Functions with these executions: name, start, order."""

    def __init__(self, kind: str, *executions: tuple[str, datetime, str]) -> None:
        self.kind, self.executions = kind, executions
        self.described: list[str] = []

    def describe_state_machine(self, **_asked: Any) -> dict[str, Any]:
        return {"type": self.kind}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self.described.append(executionArn)
        about = next(order_id for name, _at, order_id in self.executions if name == executionArn)
        return {"input": f'{{"detail": {{"data": {{"order_id": "{about}"}}}}}}'}

    def get_paginator(self, operation: str) -> Any:
        newest_first = sorted(self.executions, key=lambda one: one[1], reverse=True)
        listed = [{"executionArn": n, "startDate": began, "status": "SUCCEEDED"} for n, began, _o in newest_first]
        page = {"list_executions": {"executions": listed}, "get_execution_history": {"events": HISTORY}}[operation]

        class Pages:
            def paginate(self, **_asked: Any) -> list[dict[str, Any]]:
                return [page]

        return Pages()


def stack_with(states: States, monkeypatch: pytest.MonkeyPatch) -> Stack:
    stack = Stack(Details.model_validate(DETAILS), Path("stack.json"), boto3.Session())
    machine = Resource("Workflows/Checkout", "AWS::StepFunctions::StateMachine", "machine")
    stack.__dict__["resources"] = Resources({machine.path: machine})
    monkeypatch.setattr(Stack, "client", lambda _self, _name: states)
    return stack


def told(*types: str) -> list[Event]:
    return [Event.model_validate(event(type_, f"{n:02}.000000")) for n, type_ in enumerate(types)]


def test_an_orders_checkouts_are_found_among_others_of_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    states = States(
        "STANDARD",
        ("long before", at(-60), "ord_1"),
        ("another's", at(0.1), "ord_2"),
        ("resumed", at(1.5), "ord_1"),
        ("first", at(0.2), "ord_1"),
        ("replayed later", at(3600), "ord_1"),
    )
    found = checkouts_of(
        stack_with(states, monkeypatch), "ord_1", told("OrderPlaced", "OrderReviewed", "OrderConfirmed")
    )
    assert [run.began for run in found.runs] == [at(0.2), at(1.5)]
    assert set(states.described) == {"another's", "resumed", "first"}


def test_where_very_many_ran_only_the_nearest_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkouts, "_LOOKED_AT", 1)
    states = States("STANDARD", ("far", at(2), "ord_1"), ("near", at(0.1), "ord_1"))
    found = checkouts_of(stack_with(states, monkeypatch), "ord_1", told("OrderPlaced", "OrderConfirmed"))
    assert [run.began for run in found.runs] == [at(0.1)]


def test_express_checkouts_remember_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checkouts_of(stack_with(States("EXPRESS"), monkeypatch), "ord_1", told("OrderPlaced")) == Checkouts(True)
