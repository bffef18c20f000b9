"""Queues and what may be broken, on moto, with an operator before them."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from operators import heal_break, list_breaks, list_dead_letters, redrive, show_dead_letters, start_break
from operators.places import NAMES
from tests.support.api_gateway import OPERATOR, Answer, Caller, call

ACCOUNT = "arn:aws:sqs:us-east-1:123456789012:"
EMAIL_QUEUE = "Notify-EmailQueue.fifo"
ROLE = "arn:aws:iam::123456789012:role/any"
WAITS = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}


def queue_name(application: str, name: str) -> str:
    fifo = name.startswith(("Email", "Webhook", "Bridge"))
    return f"{application}-{name}" + (".fifo" if fifo else "")


@dataclass(frozen=True)
class Desk:
    """What an operator sees and does."""

    def listed(self) -> dict[str, int]:
        answer = call(list_dead_letters.handler, method="GET", caller=OPERATOR)
        return {one["place"]: one["messages"] for one in answer.body["places"]}

    def shows(self, place: str, caller: Caller = OPERATOR) -> Answer:
        return call(show_dead_letters.handler, method="GET", caller=caller, parameters={"place": place})

    def redrives(self, place: str) -> Answer:
        return call(redrive.handler, caller=OPERATOR, parameters={"place": place})

    def breaks(self) -> Answer:
        return call(list_breaks.handler, method="GET", caller=OPERATOR)

    def broken(self) -> set[str]:
        return {each["name"] for each in self.breaks().body["breaks"] if each["broken"]}

    def starts(self, name: str) -> Answer:
        return call(start_break.handler, method="PUT", caller=OPERATOR, parameters={"name": name})

    def heals(self, name: str) -> Answer:
        return call(heal_break.handler, method="DELETE", caller=OPERATOR, parameters={"name": name})

    def lies(self, place: str, body: str, **more: Any) -> None:
        """A message lies there."""
        name = queue_name(*place.split("/"))
        order: Any = {"MessageGroupId": "ord_1", "MessageDeduplicationId": body[:100]} if name.endswith(".fifo") else {}
        boto3.client("sqs").send_message(QueueUrl=url(name), MessageBody=body, **order, **more)

    def taken_from(self, queue: str) -> list[dict[str, Any]]:
        """What a consumer of the queue gets."""
        answer = boto3.client("sqs").receive_message(
            QueueUrl=url(queue),
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [dict(message) for message in answer.get("Messages", [])]


def url(queue: str) -> str:
    return str(boto3.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"])


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with mock_aws():
        for application, (letters, failures) in NAMES.items():
            homes = [name.replace("DeadLetters", "Queue") for name in letters]
            for name in (*letters, *homes, *failures):
                made = queue_name(application, name)
                boto3.client("sqs").create_queue(
                    QueueName=made, Attributes={"FifoQueue": "true"} if made.endswith(".fifo") else {}
                )
            groups = (
                [f"{ACCOUNT}{queue_name(application, name)}" for name in group] for group in (letters, homes, failures)
            )
            monkeypatch.setenv(f"PLACES_{application.upper()}", "|".join(",".join(group) for group in groups))
        yield Desk()


@pytest.fixture
def shop(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", "")
    boto3.client("iam").create_role(RoleName="any", AssumeRolePolicyDocument="{}")
    functions = boto3.client("lambda")
    for name in ("Email", "RecordTimeline"):
        functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="index.handler",
            Role=ROLE,
            Code={"ZipFile": code.getvalue()},
        )
    reader = functions.create_event_source_mapping(
        FunctionName="RecordTimeline", EventSourceArn=f"{ACCOUNT}Order-TimelineQueue"
    )["UUID"]
    machine = boto3.client("stepfunctions").create_state_machine(
        name="Checkout", definition=json.dumps(WAITS), roleArn=ROLE
    )["stateMachineArn"]
    for name, value in {
        "BREAKS": "on",
        "EMAIL_FUNCTION": "Email",
        "EMAIL_QUEUE": ACCOUNT + EMAIL_QUEUE,
        "TIMELINE_READER": reader,
        "CHECKOUT_ARN": machine,
    }.items():
        monkeypatch.setenv(name, value)
    return desk


def published(order_id: str = "ord_1", **changes: Any) -> str:
    return json.dumps(
        {
            "source": "shop.order",
            "detail-type": "OrderCancelled",
            "detail": {
                "event_id": "00000000-0000-4000-8000-000000000001",
                "version": 1,
                "occurred_at": "2026-03-01T12:00:00Z",
                "correlation_id": order_id,
                "entity_version": 2,
                "data": {"order_id": order_id, **changes},
            },
        }
    )
