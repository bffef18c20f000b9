"""API Gateway and Step Functions invoke only what they may."""

import json

import httpx2

from tests.emulator.account import Account

ANSWER = 'def handler(event, context): return {"statusCode": 200, "body": "{}"}'


def test_a_state_machine_needs_its_role_s_permission(account: Account) -> None:
    function = account.function(ANSWER)
    definition = json.dumps(
        {"StartAt": "S", "States": {"S": {"Type": "Task", "Resource": account.arn(function), "End": True}}}
    )
    statuses = {}
    for resource in (account.arn(function), "arn:aws:lambda:us-east-1:000000000000:function:another"):
        role = account.role({"Action": "lambda:InvokeFunction", "Resource": resource})
        machine = account.client("stepfunctions").create_state_machine(
            name=account.name("machine"), definition=definition, roleArn=role
        )["stateMachineArn"]
        execution = account.run(machine)
        statuses[resource] = execution["status"], execution.get("error")
    assert list(statuses.values()) == [("SUCCEEDED", None), ("FAILED", "Lambda.AWSLambdaException")]


def test_an_api_needs_the_function_s_permission(account: Account) -> None:
    function = account.function(ANSWER)
    api = account.api({"paths": {"/orders/{id}": {"get": account.integration(function)}}})
    assert httpx2.get(f"{api}/orders/1").status_code == 500
    account.client("lambda").add_permission(
        FunctionName=function,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn="arn:aws:execute-api:us-east-1:000000000000:*/*/GET/orders/*",
    )
    assert httpx2.get(f"{api}/orders/1").status_code == 200


def test_a_slash_at_the_end_leads_to_the_same_method_and_asks_for_the_same_permission(account: Account) -> None:
    function = account.function(ANSWER)
    api = account.api({"paths": {"/orders": {"get": account.integration(function)}}})
    account.client("lambda").add_permission(
        FunctionName=function,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn="arn:aws:execute-api:us-east-1:000000000000:*/*/GET/orders",
    )
    assert httpx2.get(f"{api}/orders/").status_code == 200
