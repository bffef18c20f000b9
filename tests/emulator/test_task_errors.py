"""Every error that a retrier or catcher of our workflows names arises here under that name."""

import json
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from emulator.fixes.task_errors import sdk_exception
from tests.emulator.account import Account

WORKFLOWS = Path(__file__).resolve().parents[2] / "workflows"
RAISES = "class OutOfStock(Exception): pass\ndef handler(event, context): raise OutOfStock()"
ANSWERS = "def handler(event, context): return {}"
SLEEPS = "import time\ndef handler(event, context): time.sleep(30)"
EXITS = "import os\ndef handler(event, context): os._exit(1)"


def failure(account: Account, task: dict[str, Any], *statements: dict[str, Any]) -> str:
    """The error of a machine with only this task."""
    definition = {"StartAt": "S", "States": {"S": {"Type": "Task", "End": True, **task}}}
    machine = account.client("stepfunctions").create_state_machine(
        name=account.name("machine"),
        definition=json.dumps(definition),
        roleArn=account.role(*statements, {"Action": "lambda:InvokeFunction", "Resource": "*"}),
    )["stateMachineArn"]
    error: str = account.run(machine).get("error", "")
    return error


def throttled(account: Account, function: str) -> str:
    account.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    return function


def invocation(account: Account, function: str) -> dict[str, Any]:
    return {"Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": account.arn(function)}}


@pytest.mark.parametrize("resource", ["arn:aws:states:::lambda:invoke", "the function itself"])
def test_a_throttled_function_is_too_many_requests(account: Account, resource: str) -> None:
    function = throttled(account, account.function(ANSWERS))
    task = invocation(account, function) if "invoke" in resource else {"Resource": account.arn(function)}
    assert failure(account, task) == "Lambda.TooManyRequestsException"


def test_a_throttled_function_that_would_keep_a_token_is_too_many_requests(account: Account) -> None:
    function = throttled(account, account.function(ANSWERS))
    task = {
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": account.arn(function), "Payload": {"token.$": "$$.Task.Token"}},
        "TimeoutSeconds": 60,
    }
    assert failure(account, task) == "Lambda.TooManyRequestsException"


def test_a_retrier_for_throttling_outlives_it(account: Account) -> None:
    function = throttled(account, account.function(ANSWERS))
    throttling = {"ErrorEquals": ["Lambda.TooManyRequestsException"], "IntervalSeconds": 1, "MaxAttempts": 20}
    machines = account.client("stepfunctions")
    task = invocation(account, function) | {"Type": "Task", "Retry": [throttling | {"BackoffRate": 1}], "End": True}
    definition = {"StartAt": "S", "States": {"S": task}}
    machine = machines.create_state_machine(
        name=account.name("machine"),
        definition=json.dumps(definition),
        roleArn=account.role({"Action": "lambda:InvokeFunction", "Resource": "*"}),
    )["stateMachineArn"]
    execution = machines.start_execution(stateMachineArn=machine, input="{}")["executionArn"]

    def history() -> list[str]:
        return [event["type"] for event in machines.get_execution_history(executionArn=execution)["events"]]

    account.eventually(lambda: "TaskFailed" in history())
    account.client("lambda").delete_function_concurrency(FunctionName=function)
    account.eventually(lambda: machines.describe_execution(executionArn=execution)["status"] == "SUCCEEDED")


@pytest.mark.parametrize(
    ("code", "error"), [(RAISES, "OutOfStock"), (SLEEPS, "Sandbox.Timedout"), (EXITS, "Runtime.ExitError")]
)
def test_what_a_function_or_its_environment_reports_keeps_its_name(account: Account, code: str, error: str) -> None:
    function = account.function(code)
    account.client("lambda").update_function_configuration(FunctionName=function, Timeout=1)
    assert failure(account, invocation(account, function)) == error


def test_a_task_that_takes_too_long_is_timed_out(account: Account) -> None:
    task = invocation(account, account.function(SLEEPS)) | {"TimeoutSeconds": 1}
    assert failure(account, task) == "States.Timeout"


@pytest.mark.parametrize("token", ["nobody waits for it", "x" * 3000])
def test_a_token_that_nobody_waits_for(account: Account, token: str) -> None:
    task = {
        "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
        "Parameters": {"TaskToken": token, "Output": "{}"},
    }
    error = failure(account, task, {"Action": "states:SendTaskSuccess", "Resource": "*"})
    assert error in {"Sfn.TaskTimedOutException", "Sfn.TaskDoesNotExistException", "Sfn.InvalidTokenException"}


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("TaskTimedOut", "TaskTimedOutException"),
        ("ValidationException", "ValidationException"),
        ("ResourceNotFoundFault", "ResourceNotFoundException"),
    ],
)
def test_exceptions_have_the_names_of_the_sdk(code: str, name: str) -> None:
    assert sdk_exception(code) == name


def test_no_workflow_names_an_error_of_a_service_that_is_not_tested_here() -> None:
    named = set()
    for file in WORKFLOWS.glob("*.asl.yaml"):
        for state in yaml_parse(file.read_text())["States"].values():
            for rule in (*state.get("Retry", ()), *state.get("Catch", ())):
                named |= {error for error in rule["ErrorEquals"] if "." in error}
    assert named <= {
        "Lambda.TooManyRequestsException",
        "States.ALL",
        "States.Timeout",
        "Sfn.TaskTimedOutException",
        "Sfn.TaskDoesNotExistException",
        "Sfn.InvalidTokenException",
    }
