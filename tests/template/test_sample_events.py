"""AWS's documented sample events through every function of the application that AWS itself invokes.

Samples are those of `sam local generate-event`, and where it has none, of the service's developer guide. None holds an
event of the shop. So a queue's message goes back to its queue, a stream's record is passed over or set aside, the front
door says what is wrong with the request, and nothing ends in an exception: that would be the whole batch, again and
again.
"""

import base64
import importlib
import io
import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from shopkit import custom_resource
from tests.template.tree import Resource, Tree
from tools.deployment import Deployed, application, generated_name

SAMPLES = Path(str(files("samcli"))) / "lib" / "generated_sample_events" / "events"
QUEUE, TABLE, STREAM = "AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::Kinesis::Stream"
TREE = Tree.of_project()

type Event = dict[str, Any]
type Handler = Callable[[Event, Any], Any]


# --- events -----------------------------------------------------------------------------------------------------------


@cache
def sample(path: str) -> str:
    return (SAMPLES / f"{path}.json").read_text()


def filled(path: str, **values: str) -> Event:
    """The sample with its placeholders filled; what is not given is filled with its own name."""
    text = re.sub(r"\{\{\{(\w+)\}\}\}", lambda found: json.dumps(values.get(found[1], found[1]))[1:-1], sample(path))
    event: Event = json.loads(text)
    return event


def queue_events(*, fifo: bool) -> Iterator[tuple[str, Event]]:
    """Messages that are no event of the shop's: a text, other services' events, a notification that is not raw."""
    bodies = {
        "a text": "Hello from SQS!",
        "nothing": "",
        "a scheduled event": json.dumps(filled("cloudwatch/ScheduledEvent")),
        "a notification": json.dumps(filled("sns/Sns")["Records"][0]["Sns"]),
        "S3's test": '{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"bucketname"}',
        "a list": "[]",
        "null": "null",
    }
    for name, body in bodies.items():
        event = filled("sqs/Sqs", body=body)
        if fifo:  # Lambda Developer Guide, "Using Lambda with Amazon SQS", FIFO message event
            event["Records"][0]["attributes"] |= {
                "SequenceNumber": "18849496460467696128",
                "MessageGroupId": "1",
                "MessageDeduplicationId": "1",
            }
        yield name, event


def table_events() -> Iterator[tuple[str, Event]]:
    event = filled("dynamodb/DynamoDBUpdate")
    yield "insert, modify, remove", event
    expired = deepcopy(event)
    del expired["Records"][:2]
    # DynamoDB Developer Guide, "DynamoDB Streams and Time to Live"
    expired["Records"][0]["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    yield "expired", expired
    keys_only = deepcopy(event)
    for record in keys_only["Records"]:
        record["dynamodb"].pop("NewImage", None)
        record["dynamodb"].pop("OldImage", None)
        record["dynamodb"]["StreamViewType"] = "KEYS_ONLY"
    yield "keys only", keys_only


def kinesis_events() -> Iterator[tuple[str, Event]]:
    for name, data in {
        "a text": b"Hello, this is a test 123.",
        "nothing": b"",
        "bytes": b"\xff\x00",
        "null": b"null",
    }.items():
        encoded = base64.b64encode(data).decode()
        yield (
            name,
            filled(
                "kinesis/Kinesis", data=encoded, sequence="49545115243490985018280067714973144582180062593244200961"
            ),
        )


def kafka_events() -> Iterator[tuple[str, Event]]:
    """Lambda Developer Guide, "Using Lambda with Amazon MSK" and "… self-managed Apache Kafka", example events."""
    record = {
        "topic": "mytopic",
        "partition": 0,
        "offset": 15,
        "timestamp": 1545084650987,
        "timestampType": "CREATE_TIME",
        "key": "abcDEFghiJKLmnoPQRstuVWXyz1234==",
        "value": "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==",
        "headers": [{"headerKey": [104, 101, 97, 100, 101, 114, 86, 97, 108, 117, 101]}],
    }
    brokers = "b-1.example.com:9092,b-2.example.com:9092"
    msk = {"eventSource": "aws:kafka", "eventSourceArn": "arn:aws:kafka:us-east-1:123456789012:cluster/c/1"}
    for source in (msk, {"eventSource": "SelfManagedKafka"}):
        for name, changed in {
            "a text": record,
            "a tombstone": {key: it for key, it in record.items() if key != "value"},
            "null": record | {"key": None, "value": None},
        }.items():
            yield (
                f"{source['eventSource']}: {name}",
                source | {"bootstrapServers": brokers, "records": {"mytopic-0": [changed]}},
            )


def request_events(route: "Route") -> Iterator[tuple[str, Event]]:
    """A REST API's proxy integration: a browser's request, and the nulls that stand for what a request has not."""
    text = sample("apigateway/AwsProxy").replace('"{{{querystringparameters}}}"', '{"foo": "bar"}')
    event: Event = json.loads(re.sub(r"\{\{\{(\w+)\}\}\}", r"\1", text))
    body = base64.b64encode(b'{"test":"body"}').decode()
    event |= {"path": route.path, "httpMethod": route.method, "resource": route.path, "body": body}
    event["pathParameters"] = dict.fromkeys(re.findall(r"\{(\w+)\}", route.path), "hello") or None
    event["requestContext"]["authorizer"] = {"claims": route.claims} if route.claims else None
    yield "a browser's request", event
    yield "a JSON body", event | {"headers": event["headers"] | {"Content-Type": "application/json"}}
    absent = dict.fromkeys(
        ("headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters", "stageVariables"),
    )
    # API Gateway's own "Test" sends these nulls (API Gateway Developer Guide, "Input format of a Lambda function for
    # proxy integration").
    yield "nothing but a path", event | absent | {"body": None, "isBase64Encoded": False}
    yield "a body that is not base64", event | {"body": "eyJ0ZXN0IjoiYm9keSJ9!"}
    yield "an empty body", event | {"body": "", "isBase64Encoded": False}


def resource_events() -> Iterator[tuple[str, Event]]:
    """CloudFormation User Guide, "Custom resource request objects"."""
    request = {
        "RequestType": "Create",
        "ResponseURL": "https://pre-signed-s3-url-for-response.example.com/",
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/stack-name/guid",
        "RequestId": "unique-id-for-this-create-request",
        "ResourceType": "Custom::TestResource",
        "LogicalResourceId": "MyTestResource",
        "ResourceProperties": {"Name": "Value", "List": ["1", "2", "3"]},
    }
    yield "create", request
    later = {"PhysicalResourceId": "required-vendor-defined-physical-id-that-is-unique"}
    yield "update", request | later | {"RequestType": "Update", "OldResourceProperties": {"Name": "Other"}}
    yield "delete", request | later | {"RequestType": "Delete"}


# --- which function gets which ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    claims: dict[str, str] | None


def sources(function: Resource) -> set[str]:
    """What AWS invokes the function for; nothing for those that a state machine of ours calls."""
    found = set()
    for mapping in TREE.all("AWS::Lambda::EventSourceMapping"):
        if function in mapping.targets(mapping.written["FunctionName"]):
            if "Topics" in mapping.written:
                found.add("kafka")
            for source in mapping.targets(mapping.written.get("EventSourceArn")):
                fifo = " fifo" if source.written.get("FifoQueue") else ""
                found |= {QUEUE: {"queue" + fifo}, TABLE: {"table"}, STREAM: {"kinesis"}}.get(source.type, set())
    for permission in TREE.all("AWS::Lambda::Permission"):
        if function in permission.targets(permission.written["FunctionName"]):
            service = permission.written["Principal"].partition(".")[0]
            found.add({"apigateway": "request", "events": "schedule"}[service])
    if any(
        function in found_resource.targets(found_resource.written.get("ServiceToken"))
        for found_resource in TREE.resources
        if found_resource.type.startswith("Custom::")
    ):
        found.add("resource")
    return found


def route_of(function: Resource) -> Route:
    """The route that may call it, with an operator's claims where the gateway asks who calls."""
    permission = next(
        it for it in TREE.all("AWS::Lambda::Permission") if function in it.targets(it.written["FunctionName"])
    )
    method, path = re.search(r"/\*/(\w+)(/.*)$", permission.written["SourceArn"]["Fn::Sub"]).groups()  # type: ignore[union-attr]
    paths = next(iter(TREE.all("AWS::ApiGateway::RestApi"))).written["Body"]["paths"]
    known = next(it for it in paths if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", it), path))
    guarded = bool(paths[known][method.lower()].get("security"))
    return Route(method, known, {"sub": "user-1", "cognito:groups": "operators"} if guarded else None)


def events_for(function: Resource) -> Iterator[tuple[str, str, Event]]:
    """Source, name and sample."""
    for source in sources(function):
        samples = {
            "queue": lambda: queue_events(fifo=False),
            "queue fifo": lambda: queue_events(fifo=True),
            "table": table_events,
            "kinesis": kinesis_events,
            "kafka": kafka_events,
            "request": lambda: request_events(route_of(function)),
            "schedule": lambda: iter([("every so often", filled("cloudwatch/ScheduledEvent"))]),
            "resource": resource_events,
        }[source]
        yield from ((source, name, event) for name, event in samples())


# --- what is intended -------------------------------------------------------------------------------------------------


def problem(source: str, handler: Handler, event: Event) -> str | None:
    """What is wrong with the function's answer to this event, if anything is."""
    try:
        answer = handler(deepcopy(event), None)
        json.dumps(answer)
    except Exception as error:  # noqa: BLE001 - whatever it is, Lambda would hand the event over again
        return f"raises {error!r}"
    if source.startswith("queue"):
        wanted = [{"itemIdentifier": record["messageId"]} for record in event["Records"]]
        return None if answer == {"batchItemFailures": wanted} else f"answers {answer}, not {wanted}"
    if source in {"table", "kinesis"}:
        return None if answer == {"batchItemFailures": []} else f"answers {answer}: the shard would wait"
    if source == "request":
        return _answer_problem(answer)
    return None


def _answer_problem(answer: Any) -> str | None:
    status, kind = answer["statusCode"], answer["headers"]["Content-Type"]
    if not 200 <= status < 500:
        return f"answers {status}: {answer['body']}"
    if status >= 400 and kind != "application/problem+json":
        return f"answers {status} as {kind}"
    json.loads(answer["body"])
    return None


# --- an account for them ----------------------------------------------------------------------------------------------

PARAMETERS: tuple[dict[str, str], ...] = (
    {"Kafka": "msk-serverless", "WebhookUrl": "https://example.com/hook", "SenderEmail": "shop@example.com"},
    {"Kafka": "existing", "KafkaBrokers": "broker.example.com:9092"},
)


@dataclass
class Account:
    """Every table, queue, topic, stream and bus of the application, on moto."""

    environments: dict[str, dict[str, str]]
    failures: list[str]

    def set_aside(self) -> list[str]:
        """What lies in the failure queues; it is taken out."""
        sqs = boto3.client("sqs")
        return [
            message["Body"]
            for url in self.failures
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        ]


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with mock_aws():
        deployed = {found.path: found for given in PARAMETERS for found in application("shop", **given).resources}
        made = {id_: physical for found in deployed.values() for id_, physical in _create(found)}
        environments = {}
        for found in deployed.values():
            if found.type == "AWS::Lambda::Function":
                variables = found.properties.get("Environment", {}).get("Variables", {})
                environments[f"{found.template}:{found.logical_id}"] = {
                    name: made.get(value) or _with_arns(str(value), made) for name, value in variables.items()
                }
        failures = [url for id_, url in made.items() if "Failures" in id_]
        yield Account(environments, failures)


def _with_arns(text: str, made: dict[str, str]) -> str:
    """With the ARNs of moto's queues for those that the text lists."""

    def arn(match: re.Match[str]) -> str:
        account, name = made[match[1]].split("/")[-2:]
        return f"arn:aws:sqs:us-east-1:{account}:{name}"

    return re.sub(r"([\w-]+)\.Arn\b", lambda it: arn(it) if it[1] in made else it[0], text)


def _create(found: Deployed) -> Iterator[tuple[str, str]]:
    """Makes it, and answers what the deployment calls it with what moto calls it."""
    name, properties = generated_name(found.stack, found.logical_id), found.properties
    if found.type == TABLE:
        same = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
        boto3.client("dynamodb").create_table(
            TableName=name, **{key: properties[key] for key in same if key in properties}
        )
    elif found.type == QUEUE:
        fifo: Any = {"FifoQueue": "true"} if properties.get("FifoQueue") else {}
        short = re.sub(r"\W", "-", found.path) + (".fifo" if fifo else "")
        yield name, boto3.client("sqs").create_queue(QueueName=short, Attributes=fifo)["QueueUrl"]
    elif found.type == STREAM:
        boto3.client("kinesis").create_stream(StreamName=name, ShardCount=1)
    elif found.type == "AWS::Events::EventBus":
        boto3.client("events").create_event_bus(Name=found.written_name or name)


# --- tests ------------------------------------------------------------------------------------------------------------

INVOKED = [(function, *it) for function in TREE.all("AWS::Lambda::Function") for it in events_for(function)]


@pytest.mark.parametrize(
    ("function", "source", "event"),
    [
        pytest.param(function, source, event, id=f"{function.written['Handler']}: {name}")
        for function, source, name, event in INVOKED
    ],
)
def test_a_sample_gets_an_intended_answer(
    function: Resource, source: str, event: Event, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in account.environments[str(function)].items():
        monkeypatch.setenv(name, value)
    module = importlib.import_module(function.written["Handler"].rpartition(".")[0])
    if source == "resource":
        monkeypatch.setattr(custom_resource, "urlopen", lambda _request, timeout: io.BytesIO())
    account.set_aside()
    assert problem(source, module.handler, event) is None
    if source in {"kinesis", "kafka"}:
        assert len(account.set_aside()) == 1


def test_every_function_is_invoked_by_aws_or_by_a_workflow() -> None:
    invoked = {function for function, *_ in INVOKED}
    by_workflows = {
        found
        for machine in TREE.all("AWS::StepFunctions::StateMachine")
        for found in machine.targets(machine.written.get("DefinitionSubstitutions"))
    }
    assert {str(it) for it in TREE.all("AWS::Lambda::Function")} == {
        str(it) for it in invoked | by_workflows if it.type == "AWS::Lambda::Function"
    }
    assert {source for _, source, *_ in INVOKED} == {
        *("queue", "queue fifo", "table", "kinesis", "kafka", "request", "schedule", "resource"),
    }


PLANTS: dict[str, tuple[str, Any]] = {
    "an exception": ("queue", KeyError("detail-type")),
    "a batch that is taken for done": ("queue", {"batchItemFailures": []}),
    "no answer to a queue": ("queue fifo", None),
    "a shard that waits": ("table", {"batchItemFailures": [{"itemIdentifier": "1"}]}),
    "an exception of a stream": ("kinesis", ValueError("data")),
    "an exception of Kafka": ("kafka", TypeError("value")),
    "a 500": ("request", {"statusCode": 500, "headers": {"Content-Type": "application/problem+json"}, "body": "{}"}),
    "a 400 that is no problem": (
        "request",
        {"statusCode": 400, "headers": {"Content-Type": "text/plain"}, "body": "{}"},
    ),
    "an answer that is no JSON": ("schedule", {"at": object()}),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_another_answer_is_noticed(plant: str) -> None:
    source, answer = PLANTS[plant]

    def handler(_event: Event, _context: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert problem(source, handler, filled("sqs/Sqs"))
