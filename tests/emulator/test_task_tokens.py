"""A task waits for its token only once its function has succeeded."""

import json

from tests.emulator.account import Account

REFUSES = """
class AlreadyDecided(Exception): pass
def handler(event, context): raise AlreadyDecided(event["token"])
"""


def test_a_function_that_fails_ends_the_wait_with_its_error(account: Account) -> None:
    function = account.function(REFUSES)
    wait = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": account.arn(function), "Payload": {"token.$": "$$.Task.Token"}},
        "TimeoutSeconds": 60,
        "Catch": [{"ErrorEquals": ["AlreadyDecided"], "Next": "Decided"}],
        "End": True,
    }
    machine = account.client("stepfunctions").create_state_machine(
        name=account.name("machine"),
        definition=json.dumps({"StartAt": "Wait", "States": {"Wait": wait, "Decided": {"Type": "Succeed"}}}),
        roleArn=account.role({"Action": "lambda:InvokeFunction", "Resource": account.arn(function)}),
    )["stateMachineArn"]

    assert account.run(machine)["status"] == "SUCCEEDED"
