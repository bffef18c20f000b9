"""What services measure of themselves reaches the alarms that look at it."""

import json

import httpx2
import pytest
from botocore.exceptions import ClientError

from tests.emulator.account import Account
from tests.emulator.watching import alarm, state

FAILS = """
    def handler(event, context):
        raise RuntimeError("broken")
"""


def watched(account: Account, namespace: str, metric: str, statistic: str = "Sum", **dimensions: str) -> str:
    """An alarm on any of it."""
    return alarm(
        account,
        Namespace=namespace,
        MetricName=metric,
        Statistic=statistic,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        Threshold=0,
    )


def goes_off(account: Account, name: str) -> None:
    account.eventually(lambda: state(account, name) == "ALARM", within=20)


def test_a_queue_tells_how_many_messages_it_holds(account: Account) -> None:
    url = account.queue()
    name = watched(account, "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", QueueName=url.split("/")[-1])
    account.eventually(lambda: state(account, name) == "OK")

    account.client("sqs").send_message(QueueUrl=url, MessageBody="undeliverable")

    goes_off(account, name)


def test_a_failed_execution_counts(account: Account) -> None:
    definition = {"StartAt": "Die", "States": {"Die": {"Type": "Fail", "Error": "Dead"}}}
    machine = account.client("stepfunctions").create_state_machine(
        name=account.name("machine"), definition=json.dumps(definition), roleArn=account.role()
    )["stateMachineArn"]
    name = watched(account, "AWS/States", "ExecutionsFailed", StateMachineArn=machine)

    assert account.run(machine)["status"] == "FAILED"

    goes_off(account, name)


def test_a_failed_function_counts_once_whoever_invoked_it(account: Account) -> None:
    called, read = account.function(FAILS), account.function(FAILS, {"Action": "sqs:*", "Resource": "*"})
    queue = account.queue(VisibilityTimeout="60")
    account.client("lambda").create_event_source_mapping(FunctionName=read, EventSourceArn=account.queue_arn(queue))
    alarms = [watched(account, "AWS/Lambda", "Errors", FunctionName=each) for each in (called, read)]
    twice = alarm(
        account,
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": called}],
    )

    account.invoke(called)
    account.client("sqs").send_message(QueueUrl=queue, MessageBody="poison")

    for name in alarms:
        goes_off(account, name)
    assert state(account, twice) == "OK"


def test_a_throttled_function_counts_for_the_whole_account(account: Account) -> None:
    function, name = account.function(FAILS), watched(account, "AWS/Lambda", "Throttles")
    account.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)

    with pytest.raises(ClientError, match="TooManyRequests"):
        account.client("lambda").invoke(FunctionName=function)

    goes_off(account, name)


def test_a_reader_tells_how_old_what_it_reads_is(account: Account) -> None:
    table, stream = account.table()
    reader = account.function(FAILS, {"Action": "dynamodb:*", "Resource": "*"})
    account.client("lambda").create_event_source_mapping(
        FunctionName=reader, EventSourceArn=stream, StartingPosition="TRIM_HORIZON"
    )
    name = watched(account, "AWS/Lambda", "IteratorAge", "Maximum", FunctionName=reader)

    account.client("dynamodb").put_item(TableName=table, Item={"id": {"S": "1"}})

    goes_off(account, name)


def test_a_rule_of_a_bus_counts_its_invocations(account: Account) -> None:
    events, bus, rule = account.client("events"), account.name("bus"), account.name("rule")
    events.create_event_bus(Name=bus)
    events.put_rule(Name=rule, EventBusName=bus, EventPattern=json.dumps({"source": ["shop"]}))
    events.put_targets(
        Rule=rule, EventBusName=bus, Targets=[{"Id": "queue", "Arn": account.queue_arn(account.queue())}]
    )
    name = watched(account, "AWS/Events", "Invocations", EventBusName=bus, RuleName=rule)

    events.put_events(Entries=[{"EventBusName": bus, "Source": "shop", "DetailType": "Thing", "Detail": "{}"}])

    goes_off(account, name)


def test_an_api_counts_its_server_errors(account: Account) -> None:
    function = account.function(FAILS)
    account.open_to_apis(function)
    stack = account.name("stack")
    responses = {"responses": {"200": {"description": "never"}}}
    url = account.api({"paths": {"/": {"get": responses | account.integration(function)}}}, stack)
    name = watched(account, "AWS/ApiGateway", "5XXError", "Average", ApiName="shop")

    assert httpx2.get(url + "/", trust_env=False).status_code == 502

    goes_off(account, name)
