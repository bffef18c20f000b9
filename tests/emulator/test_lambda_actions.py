"""Calls about a function's concurrency, or about one event source mapping, need the permission of their own name."""

import pytest

from tests.emulator.account import Account

CALLS = """
    import boto3, os
    from botocore.exceptions import ClientError

    CONCURRENCY = {"FunctionName": os.environ["FUNCTION"]}
    MAPPING = {"UUID": os.environ["MAPPING"]}

    def handler(event, context):
        functions, done = boto3.client("lambda"), []
        for call, given in {
            "put_function_concurrency": {**CONCURRENCY, "ReservedConcurrentExecutions": 1},
            "get_function_concurrency": CONCURRENCY,
            "delete_function_concurrency": CONCURRENCY,
            "get_event_source_mapping": MAPPING,
            "update_event_source_mapping": {**MAPPING, "Enabled": False},
        }.items():
            try:
                getattr(functions, call)(**given)
                done.append(call.replace("_", ""))
            except ClientError as error:
                assert "AccessDenied" in error.response["Error"]["Code"], error
        return done
"""
ACTIONS = {
    "lambda:PutFunctionConcurrency": "function",
    "lambda:GetFunctionConcurrency": "function",
    "lambda:DeleteFunctionConcurrency": "function",
    "lambda:GetEventSourceMapping": "mapping",
    "lambda:UpdateEventSourceMapping": "mapping",
}


@pytest.mark.parametrize("action", ACTIONS)
def test_who_may_do_one_of_them_may_do_none_of_the_others(account: Account, action: str) -> None:
    function = account.function("def handler(event, context): return None")
    mapping = account.client("lambda").create_event_source_mapping(
        FunctionName=function, EventSourceArn=account.queue_arn(account.queue())
    )["UUID"]
    resource = {
        "function": account.arn(function),
        "mapping": f"arn:aws:lambda:us-east-1:000000000000:event-source-mapping:{mapping}",
    }[ACTIONS[action]]
    caller = account.function(CALLS, {"Action": action, "Resource": resource}, FUNCTION=function, MAPPING=mapping)
    assert account.invoke(caller) == (None, [action.removeprefix("lambda:").lower()])
