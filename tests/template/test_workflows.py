"""The state machines: what a retry and a catch must be like where a function is asked."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tools.expand import ROOT

MACHINES: dict[str, dict[str, Any]] = {
    path.name.partition(".")[0]: yaml.safe_load(path.read_text()) for path in (ROOT / "workflows").glob("*.asl.yaml")
}


def tasks() -> Iterator[Any]:
    for machine, definition in MACHINES.items():
        for name, state in definition["States"].items():
            if "lambda:invoke" in state.get("Resource", ""):
                yield pytest.param(state, id=f"{machine}: {name}")


@pytest.mark.parametrize("task", list(tasks()))
def test_a_function_that_lambda_turns_away_is_asked_again_for_over_a_minute(task: dict[str, Any]) -> None:
    """A new account runs 10 functions at once."""
    retrier = next(
        retrier
        for retrier in task["Retry"]
        if {"Lambda.TooManyRequestsException", "States.ALL"} & set(retrier["ErrorEquals"])
    )
    assert "Lambda.TooManyRequestsException" in retrier["ErrorEquals"]
    longest = [retrier["IntervalSeconds"] * retrier["BackoffRate"] ** n for n in range(retrier["MaxAttempts"])]
    # Full jitter takes half of it on average.
    assert sum(min(pause, retrier["MaxDelaySeconds"]) for pause in longest) / 2 > 100


def test_only_time_ends_a_review_that_nobody_decided() -> None:
    """A fault is no decision: the order stays held, and operators hear of it."""
    wait = MACHINES["review"]["States"]["Wait for the decision"]
    expiring = [catcher["ErrorEquals"] for catcher in wait["Catch"] if catcher["Next"] == "Expire the review"]
    assert expiring == [["States.Timeout"]]
