"""A stack whose resources are on moto: queues, a bus with rules, a bucket. Its functions are doubles that record
calls."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from deployed.resources import Resource, Resources
from deployed.stack import Details, Stack
from tests.support.front_door import DETAILS

ACCOUNT = "arn:aws:lambda:us-east-1:123456789012:function:"
MAPPING = "11111111-2222-3333-4444-555555555555"


@dataclass
class Functions:
    """The parts of Lambda that a redrive uses. `answers` are by function name; other functions succeed."""

    configured: dict[str, dict[str, Any]] = field(default_factory=dict)
    mappings: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, Callable[[Any], tuple[str | None, Any]]] = field(default_factory=dict)
    invoked: list[tuple[str, Any]] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's names
        event = json.loads(Payload)
        self.invoked.append((FunctionName, event))
        answer = self.answers.get(FunctionName)
        error, said = answer(event) if answer else (None, {"batchItemFailures": []})
        return {"Payload": io.BytesIO(json.dumps(said).encode()), **({"FunctionError": error} if error else {})}

    def get_paginator(self, operation: str) -> Any:
        pages = {
            "list_functions": {"Functions": [{"FunctionName": n, **c} for n, c in self.configured.items()]},
            "list_event_source_mappings": {"EventSourceMappings": self.mappings},
        }
        return _Pages(pages[operation])


@dataclass
class _Pages:
    page: dict[str, Any]

    def paginate(self) -> list[dict[str, Any]]:
        return [self.page]


class AwsStack:
    """Creates resources and keeps their paths. Use it inside `mock_aws`."""

    def __init__(self, folder: Path) -> None:
        self.functions = Functions()
        self.found: dict[str, Resource] = {}
        self.sqs: Any = boto3.client("sqs")
        self.events: Any = boto3.client("events")
        self.s3: Any = boto3.client("s3")
        details = Details.model_validate({**DETAILS, "endpoint_url": None})
        self.stack = _Stack(details, folder / "users.json", boto3.Session())
        object.__setattr__(self.stack, "functions", self.functions)
        self.bus = self.events.create_event_bus(Name="cartwheel")["EventBusArn"]
        self.add("Bus", "AWS::Events::EventBus", "cartwheel")

    def add(self, path: str, type_: str, physical_id: str) -> str:
        self.found[path] = Resource(path, type_, physical_id)
        self.stack.__dict__["resources"] = Resources(self.found)
        return physical_id

    def queue(self, path: str, *, dead_letters: str | None = None, fifo: bool = False) -> str:
        """Creates a queue, whose dead letters go to the queue with that path, and returns its URL."""
        attributes = {"FifoQueue": "true"} if fifo else {}
        if dead_letters:
            target = self.arn(dead_letters)
            attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": 3})
        name = path.replace("/", "-") + (".fifo" if fifo else "")
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return self.add(path, "AWS::SQS::Queue", url)

    def arn(self, path: str) -> str:
        url = self.stack.resources[path]
        arn: str = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return arn

    def rule(self, path: str, target: str, *, dead_letters: str | None = None, source: str = "shop.") -> str:
        """Creates a rule for all sources that begin with `source`, with the ARN `target`, and returns its ARN."""
        name = path.replace("/", "-")
        pattern = json.dumps({"source": [{"prefix": source}]})
        arn: str = self.events.put_rule(Name=name, EventBusName="cartwheel", EventPattern=pattern)["RuleArn"]
        buried = {"DeadLetterConfig": {"Arn": self.arn(dead_letters)}} if dead_letters else {}
        self.events.put_targets(
            Rule=name, EventBusName="cartwheel", Targets=[{"Id": "target", "Arn": target, **buried}]
        )
        self.add(path, "AWS::Events::Rule", f"cartwheel|{name}")
        return arn

    def function(self, path: str, *, reads: str = "", on_failure: str = "", **variables: str) -> str:
        """Creates a function with its event sources, and returns its name."""
        name = path.replace("/", "-")
        self.functions.configured[name] = {"Environment": {"Variables": variables}}
        if reads:
            destination = {"DestinationConfig": {"OnFailure": {"Destination": on_failure}}} if on_failure else {}
            self.functions.mappings.append(
                {"UUID": MAPPING, "EventSourceArn": reads, "FunctionArn": ACCOUNT + name, **destination}
            )
        return self.add(path, "AWS::Lambda::Function", name)

    def bucket(self, path: str) -> str:
        name = path.lower()
        self.s3.create_bucket(Bucket=name)
        return self.add(path, "AWS::S3::Bucket", name)

    def lies(self, path: str, body: str, **message: Any) -> str:
        """Puts a message into the queue and returns its id."""
        id_: str = self.sqs.send_message(QueueUrl=self.stack.resources[path], MessageBody=body, **message)["MessageId"]
        return id_

    def taken(self, path: str) -> list[dict[str, Any]]:
        """Receives and deletes all messages in the queue."""
        url, found = self.stack.resources[path], []
        while got := self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
        ).get("Messages", []):
            for message in got:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found += got
        return found


class _Stack(Stack):
    def client(self, service: str) -> Any:
        return vars(self)["functions"] if service == "lambda" else boto3.client(service)  # type: ignore[call-overload]
