"""What operators are told of dead letters, and how they send them back."""

import json
from typing import Any

import boto3
import pytest

from contracts.events import EVENTS
from operators.places import NAMES
from schemas.examples import example
from tests.integration.operators.conftest import Desk, published, queue_name, url
from tests.support.api_gateway import ALICE

EMAILS, TIMELINES = "Notify/EmailDeadLetters", "Order/TimelineDeadLetters"
SOUND = json.dumps(next(example(event) for event in EVENTS if event.__name__ == "OrderConfirmed").as_published())


def test_every_place_is_listed_with_what_lies_there(desk: Desk) -> None:
    desk.lies(EMAILS, "one")
    desk.lies(EMAILS, "two")
    desk.lies("Workflows/DeadLetters", "three")
    listed = desk.listed()
    assert list(listed) == sorted(
        f"{application}/{name}" for application, names in NAMES.items() for name in sum(names, ())
    )
    assert {place: number for place, number in listed.items() if number} == {EMAILS: 2, "Workflows/DeadLetters": 1}


def test_what_a_parameter_turned_off_has_no_places(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACES_KAFKASERVICE", "")
    assert not [place for place in desk.listed() if place.startswith("Kafka")]
    assert desk.shows("KafkaService/BridgeDeadLetters").problem == "not-found"


@pytest.mark.parametrize("place", [EMAILS, TIMELINES])
def test_who_looks_leaves_everything_where_it_was(desk: Desk, place: str) -> None:
    for number in range(12):
        desk.lies(place, f"letter {number}")
    for _ in range(2):
        shown = desk.shows(place).body["messages"]
        assert len({message["message_id"] for message in shown}) == 10
    assert len(desk.taken_from(queue_name(*place.split("/")))) == 10


def test_a_letter_tells_its_order_and_what_is_wrong_with_it(desk: Desk) -> None:
    failure = {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "not allowed"}
    attached = {name: {"DataType": "String", "StringValue": text} for name, text in failure.items()}
    record = {"dynamodb": {"NewImage": {"order_id": {"S": "ord_2"}}, "Keys": {"pk": {"S": "order#ord_2"}}}}
    desk.lies("Order/RelayFailures", json.dumps({"error": "ValidationError: no total", "record": record}))
    desk.lies("Workflows/DeadLetters", SOUND, MessageAttributes=attached)
    desk.lies("Order/AttentionDeadLetters", SOUND)
    desk.lies("Payment/SettleDeadLetters", json.dumps(json.loads(SOUND) | {"detail-type": "OrderVanished"}))
    desk.lies(TIMELINES, "poison")

    def told(place: str) -> tuple[str | None, str | None]:
        (message,) = desk.shows(place).body["messages"]
        assert message["receives"] == 1
        return message["order_id"], message["cause"]

    order_id = json.loads(SOUND)["detail"]["data"]["order_id"]
    assert told("Order/RelayFailures") == ("ord_2", "ValidationError: no total")
    assert told("Workflows/DeadLetters") == (order_id, "NO_PERMISSIONS: not allowed")
    assert told("Order/AttentionDeadLetters") == (order_id, None)
    assert told("Payment/SettleDeadLetters") == (order_id, "KeyError: there is no such event")
    assert told(TIMELINES) == (None, "ValueError: this is not an event")


@pytest.mark.parametrize(
    "body", ["null", "[]", '{"record": 1}', "[" * 5000, '{"detail": {"data": {"order_id": 7}}}', "\u2028"]
)
def test_whatever_lies_there_can_be_looked_at(desk: Desk, body: str) -> None:
    desk.lies(TIMELINES, body)
    (message,) = desk.shows(TIMELINES).body["messages"]
    assert (message["body"], message["order_id"]) == (body, None)


def test_letters_go_back_to_the_queue_of_their_consumer(desk: Desk) -> None:
    attached = {name: {"DataType": "String", "StringValue": "x"} for name in ("ERROR_CODE", "RULE_ARN", "mine")}
    for number in range(12):
        desk.lies(TIMELINES, published(f"ord_{number}"), MessageAttributes=attached)
    answer = desk.redrives(TIMELINES)
    assert (answer.status, answer.body) == (202, {"place": TIMELINES, "messages": 12})
    assert desk.listed()[TIMELINES] == 0
    back = desk.taken_from("Order-TimelineQueue") + desk.taken_from("Order-TimelineQueue")
    assert {json.loads(message["Body"])["detail"]["data"]["order_id"] for message in back} == {
        f"ord_{number}" for number in range(12)
    }
    assert all(message["MessageAttributes"].keys() == {"mine"} for message in back)
    assert desk.redrives(TIMELINES).body["messages"] == 0


def test_in_order_and_though_the_first_try_was_a_moment_ago(desk: Desk) -> None:
    """A FIFO queue would take the same deduplication id for a repetition, and drop it."""
    for number in range(3):
        body = published("ord_1", number=number)
        order: Any = {"MessageGroupId": "ord_1", "MessageDeduplicationId": body[:100]}
        boto3.client("sqs").send_message(QueueUrl=url("Notify-EmailQueue.fifo"), MessageBody=body, **order)
        (first,) = desk.taken_from("Notify-EmailQueue.fifo")
        boto3.client("sqs").delete_message(QueueUrl=url("Notify-EmailQueue.fifo"), ReceiptHandle=first["ReceiptHandle"])
        boto3.client("sqs").send_message(
            QueueUrl=url("Notify-EmailDeadLetters.fifo"),
            MessageBody=body,
            MessageGroupId="ord_1",
            MessageDeduplicationId=str(number),
        )
    assert desk.redrives(EMAILS).body["messages"] == 3
    back = desk.taken_from("Notify-EmailQueue.fifo")
    assert [json.loads(message["Body"])["detail"]["data"]["number"] for message in back] == [0, 1, 2]
    assert {message["Attributes"]["MessageGroupId"] for message in back} == {"ord_1"}


def test_a_letter_that_cannot_be_sent_stays(desk: Desk) -> None:
    desk.lies(TIMELINES, "one")
    boto3.client("sqs").delete_queue(QueueUrl=url("Order-TimelineQueue"))
    assert desk.redrives(TIMELINES).status == 500
    assert [message["body"] for message in desk.shows(TIMELINES).body["messages"]] == ["one"]


def test_what_belongs_to_a_function_or_a_workflow_goes_back_by_the_command_line(desk: Desk) -> None:
    for place in ("Order/RelayFailures", "Workflows/DeadLetters", "Notify/OperatorsDeadLetters"):
        desk.lies(place, "one")
        answer = desk.redrives(place)
        assert (answer.status, answer.problem) == (409, "redrive-by-command-line")
        assert f"./shop dlq redrive {place}" in answer.body["detail"]
        assert desk.listed()[place] == 1


@pytest.mark.parametrize("place", ["", "EmailDeadLetters", "notify/EmailDeadLetters", "FailureBucket", "../x"])
def test_another_name_is_no_place(desk: Desk, place: str) -> None:
    assert desk.shows(place).problem == "not-found"
    assert desk.redrives(place).problem == "not-found"


def test_customers_see_nothing(desk: Desk) -> None:
    desk.lies(EMAILS, "one")
    assert desk.shows(EMAILS, ALICE).problem == "forbidden"
