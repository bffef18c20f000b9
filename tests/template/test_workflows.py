"""The state machines: what a retry and a catch must be like where a function is asked."""

import re
from collections.abc import Iterator
from importlib import import_module
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


def _readme_rows() -> dict[str, tuple[str, dict[str, str]]]:
    """Each step of the README's table: its function, and where its named errors lead."""
    rows = {}
    for line in (ROOT / "workflows" / "README.md").read_text().splitlines():
        if match := re.fullmatch(r"\| ([^|`]+) \| `([a-z_.]+)` \| (.+) \|", line):
            step, function, errors = match.groups()
            branches: dict[str, str] = {}
            for part in errors.split(" · "):
                names, _, leads = part.partition(": ")
                branches |= dict.fromkeys(re.findall(r"`([\w.]+)`", names), leads)
            rows[step] = (function, branches)
    return rows


def _branches(state: dict[str, Any]) -> dict[str, str]:
    """Where the workflow goes for each error that a retrier or a catcher of the state names."""
    catchers = {name: catcher for catcher in state.get("Catch", []) for name in catcher["ErrorEquals"]}
    never_retried = {
        name for retrier in state["Retry"] if not retrier["MaxAttempts"] for name in retrier["ErrorEquals"]
    }
    named = (never_retried | catchers.keys()) - {"States.ALL"}
    return {name: _leads(catchers.get(name) or catchers["States.ALL"]) for name in named}


def _leads(catcher: dict[str, Any]) -> str:
    if catcher["Next"] != "Reject order":
        return str(catcher["Next"])
    return f"reject ({catcher['Assign']['reason']})"


def test_the_readme_says_where_each_named_error_leads() -> None:
    rows = _readme_rows()
    steps = {
        name: _branches(state)
        for definition in MACHINES.values()
        for name, state in definition["States"].items()
        if "lambda:invoke" in state.get("Resource", "") and _branches(state)
    }
    assert rows.keys() == steps.keys()
    for step, (_, written) in rows.items():
        assert written.keys() == steps[step].keys(), step
        for error, leads in written.items():
            found = steps[step][error]
            if "$parse" in found:  # the reason is the exception's own message
                assert leads.startswith("reject (payment_"), (step, error)
            else:
                assert leads.partition(",")[0] == found, (step, error)


def test_the_readme_names_the_function_of_each_step() -> None:
    for step, (function, errors) in _readme_rows().items():
        service, module = function.split(".")
        source = (ROOT / "services" / service / "src" / service / f"{module}.py").read_text()
        state = next(machine["States"][step] for machine in MACHINES.values() if step in machine["States"])
        named = "".join(part.capitalize() for part in module.split("_"))
        assert state["Arguments"]["FunctionName"] == f"${{{named}Arn}}"
        for error in errors:
            assert error.startswith("States.") or error in source, f"{function} raises no {error}"


@pytest.mark.parametrize("state", list(tasks()))
def test_a_step_hands_over_what_its_function_declares(state: dict[str, Any]) -> None:
    """A field that nobody reads is as wrong as one that is missing."""
    named = state["Arguments"]["FunctionName"].removeprefix("${").removesuffix("Arn}")
    module = re.sub(r"(?<!^)(?=[A-Z])", "_", named).lower()
    (source,) = (ROOT / "services").glob(f"*/src/*/{module}.py")
    declared = re.search(r"^@task\((\w+)\)\ndef handler\(", source.read_text(), re.MULTILINE)
    assert declared, f"{source} declares no input"
    model = vars(import_module(f"{source.parent.name}.{module}"))[declared[1]]
    assert state["Arguments"]["Payload"].keys() == model.model_fields.keys()


@pytest.mark.parametrize("machine", MACHINES)
def test_every_step_of_a_workflow_retries_faults_alike(machine: str) -> None:
    """What one step tolerates, the next must too: an order is worth no less at its end."""
    states = [state for state in MACHINES[machine]["States"].values() if "lambda:invoke" in state.get("Resource", "")]
    assert all(state["Retry"][-1] == states[0]["Retry"][-1] for state in states)
    throttled = [
        {name: value for name, value in retrier.items() if name != "ErrorEquals"}
        for state in states
        for retrier in state["Retry"]
        if "Lambda.TooManyRequestsException" in retrier["ErrorEquals"]
    ]
    assert len(throttled) == len(states)
    assert all(retrier == throttled[0] for retrier in throttled)


@pytest.mark.parametrize("path", sorted((ROOT / "workflows").glob("*.asl.yaml")), ids=lambda path: path.name)
def test_a_definition_has_no_yaml_alias(path: Any) -> None:
    """AWS refuses them: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html"""
    tokens = [type(token).__name__ for token in yaml.scan(path.read_text())]
    assert "AliasToken" not in tokens
    assert "AnchorToken" not in tokens
