"""X-Ray: what functions send is kept with what the services add, and is found again by its annotations."""

import json
import socket
import time
from typing import Any

import httpx2

from tests.emulator.account import Account

CODE = """
import json, os, boto3
from aws_xray_sdk.core import patch, xray_recorder

patch(["botocore"])

def handler(event, context):
    with xray_recorder.in_subsegment("work") as part:
        part.put_annotation("order_id", event.get("order_id") or "none")
        if event.get("fail"):
            raise LookupError("no")
        if event.get("send"):
            boto3.client("sqs").send_message(QueueUrl=event["send"], MessageBody=json.dumps({"n": 1}))
        if event.get("publish"):
            boto3.client("events").put_events(Entries=[{"Source": "test", "DetailType": "Thing",
                "Detail": json.dumps(event["publish"])}])
    return {"statusCode": 200, "body": os.environ["_X_AMZN_TRACE_ID"]}
"""
MACHINE = "AWS::StepFunctions::StateMachine"
EVERYTHING = {"Action": "*", "Resource": "*"}


def function(account: Account, code: str = CODE) -> str:
    name = account.function(code, EVERYTHING)
    account.client("lambda").update_function_configuration(FunctionName=name, TracingConfig={"Mode": "Active"})
    return name


def traces(account: Account, order_id: str, count: int = 1) -> list[list[dict[str, Any]]]:
    """The documents of each trace that is annotated with the order, once there are so many."""
    xray = account.client("xray")

    def found() -> list[str]:
        summaries = xray.get_trace_summaries(
            StartTime=time.time() - 3600,
            EndTime=time.time() + 1,
            FilterExpression=f'annotation.order_id = "{order_id}"',
        )["TraceSummaries"]
        return [summary["Id"] for summary in summaries] if len(summaries) >= count else []

    ids = account.eventually(found)
    return [documents(account, trace_id) for trace_id in ids]


def documents(account: Account, trace_id: str) -> list[dict[str, Any]]:
    (trace,) = account.client("xray").batch_get_traces(TraceIds=[trace_id])["Traces"]
    return [json.loads(segment["Document"]) for segment in trace["Segments"]]


def one(found: list[dict[str, Any]], **wanted: str) -> dict[str, Any]:
    (document,) = [each for each in found if all(each.get(key) == value for key, value in wanted.items())]
    return document


def test_an_invocation_has_the_segments_that_lambda_adds(account: Account) -> None:
    name = function(account)
    error, answer = account.invoke(name, {"order_id": name})
    assert error is None
    root, parent, sampled = (part.partition("=")[2] for part in answer["body"].split(";"))
    (found,) = traces(account, name)
    service = one(found, origin="AWS::Lambda")
    segment = one(found, origin="AWS::Lambda::Function")
    work = one(found, name="work")
    assert sampled == "1"
    assert {document["trace_id"] for document in found} == {root}
    assert (segment["id"], segment["parent_id"], work["parent_id"]) == (parent, service["id"], parent)
    assert "parent_id" not in service
    assert service["start_time"] <= segment["start_time"] <= work["start_time"] <= work["end_time"]
    assert work["end_time"] <= segment["end_time"] <= service["end_time"]
    assert [inside["name"] for inside in segment["subsegments"]] == ["Initialization"]


def test_a_failed_invocation_says_so_without_the_message(account: Account) -> None:
    name = function(account)
    account.invoke(name, {"order_id": name, "fail": True})
    (found,) = traces(account, name)
    segment = one(found, origin="AWS::Lambda::Function")
    assert segment["fault"]
    assert [exception["type"] for exception in segment["cause"]["exceptions"]] == ["LookupError"]
    assert "message" not in segment["cause"]["exceptions"][0]


def test_an_api_hands_its_trace_on(account: Account) -> None:
    name = function(account, CODE.replace('event.get("order_id") or "none"', repr("api-order")))
    account.open_to_apis(name)
    url = account.api({"paths": {"/things": {"post": account.integration(name)}}})
    assert httpx2.post(f"{url}/things", json={}).status_code == 200
    (found,) = traces(account, "api-order")
    gateway = one(found, origin="AWS::ApiGateway::Stage")
    assert one(found, origin="AWS::Lambda")["parent_id"] == gateway["id"]
    assert gateway["http"]["request"]["method"] == "POST"
    assert gateway["http"]["response"]["status"] == 200


def test_a_queue_begins_a_new_trace_that_is_linked(account: Account) -> None:
    producer, consumer = function(account), function(account, CODE.replace('event.get("order_id")', repr("consumed")))
    queue = account.queue(VisibilityTimeout="60")
    account.client("lambda").create_event_source_mapping(
        FunctionName=consumer, EventSourceArn=account.queue_arn(queue), BatchSize=1
    )
    account.invoke(producer, {"order_id": producer, "send": queue})
    (sent,), (read,) = traces(account, producer), traces(account, "consumed")
    call = one(sent, name="SQS") if any(each["name"] == "SQS" for each in sent) else one(sent, name="sqs")
    link = one(read, origin="AWS::Lambda")["links"][0]
    assert (link["trace_id"], link["id"]) == (call["trace_id"], call["id"])
    assert one(read, origin="AWS::Lambda")["trace_id"] != call["trace_id"]


def test_a_rule_hands_the_trace_on_to_a_state_machine_and_that_to_its_tasks(account: Account) -> None:
    publisher, task = function(account), function(account)
    machines, events = account.client("stepfunctions"), account.client("events")
    definition = {
        "StartAt": "Do",
        "States": {"Do": {"Type": "Task", "Resource": account.arn(task), "InputPath": "$.detail", "End": True}},
    }
    role = account.role(EVERYTHING)
    machine = machines.create_state_machine(
        name=account.name("machine"), definition=json.dumps(definition), roleArn=role
    )
    rule = account.name("rule")
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": ["test"]}))
    events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": machine["stateMachineArn"], "RoleArn": role}])
    account.invoke(publisher, {"order_id": publisher, "publish": {"order_id": "task-order"}})
    try:
        (found,) = traces(account, "task-order")
        account.eventually(lambda: "end_time" in one(documents(account, found[0]["trace_id"]), origin=MACHINE))
        found = documents(account, found[0]["trace_id"])
        segment = one(found, origin=MACHINE)
        call = next(each for each in found if each["id"] == segment["parent_id"])
        assert call["aws"]["operation"] == "PutEvents"
        assert one(found, origin="AWS::Lambda", name=task)["parent_id"] == segment["id"]
        assert not segment.get("in_progress")
    finally:
        events.remove_targets(Rule=rule, Ids=["1"])
        events.delete_rule(Name=rule)


def test_strangers_cannot_add_to_traces(account: Account) -> None:
    name = function(account, CODE.replace('os.environ["_X_AMZN_TRACE_ID"]', 'os.environ["AWS_XRAY_DAEMON_ADDRESS"]'))
    host, _, port = account.invoke(name, {"order_id": name})[1]["body"].partition(":")
    assert host == "127.0.0.1"
    forged = {"trace_id": "1-00000000-000000000000000000000000", "id": "0" * 16, "name": "x", "start_time": 0}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for body in (json.dumps(forged), "[]", "", '{"trace_id": []}', "\xff"):
            sender.sendto(b'{"format": "json", "version": 1}\n' + body.encode("latin-1"), (host, int(port)))
    account.invoke(name, {"order_id": name + "-again"})
    assert traces(account, name + "-again")  # it still listens
    assert account.client("xray").batch_get_traces(TraceIds=[forged["trace_id"]])["Traces"] == []
