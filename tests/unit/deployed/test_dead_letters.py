"""Dead letters are found wherever they lie, say what they are, and go back where they belong: sent, then removed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from contracts.order import OrderConfirmed
from deployed.dead_letters.letters import Letter, records_of, summary_of
from deployed.dead_letters.places import Place, place_named, places_of
from deployed.dead_letters.redrive import redrive
from deployed.errors import CommandError, Usage
from schemas.examples import example
from tests.support.aws_stack import ACCOUNT, MAPPING, AwsStack
from tests.support.dead_letter_places import BODY, EVENT, MACHINE, ORDER, dead_letter_places

RECORD = {
    "eventName": "MODIFY",
    "dynamodb": {
        "Keys": {"pk": {"S": f"order#{ORDER}"}},
        "NewImage": {"order_id": {"S": ORDER}},
        "SequenceNumber": "7",
    },
}


KEY = f"aws/lambda/{MAPPING}/shard-0/2026/01/02/2026-01-02T03.04.05-1"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[AwsStack]:
    with mock_aws():
        yield dead_letter_places(AwsStack(tmp_path))


def place(aws: AwsStack, name: str) -> Place:
    return place_named(places_of(aws.stack), name)


def invocation(*records: dict[str, Any]) -> str:
    """As AWS writes it: the whole invocation as text in the payload."""
    context = {
        "functionArn": ACCOUNT + "Order-Relay",
        "condition": "RecordAgeExceeded",
        "approximateInvokeCount": 9,
    }
    return json.dumps({"requestContext": context, "version": "1.0", "payload": json.dumps({"Records": list(records)})})


def test_every_place_is_found_with_its_way_back_and_no_queue_that_is_worked_off(stack: AwsStack) -> None:
    assert {found.path: str(found.destination) for found in places_of(stack.stack)} == {
        "FailureBucket": "the function named in each letter",
        "Notify/EmailDeadLetters": "Notify/EmailQueue",
        "Order/RelayFailures": "Order/Relay",
        "Order/TimelineDeadLetters": "Order/TimelineQueue",
        "Workflows/DeadLetters": "Workflows/Started",
    }


def test_a_place_is_named_by_its_path_or_by_an_unmistakable_end(stack: AwsStack) -> None:
    assert place(stack, "EmailDeadLetters").path == "Notify/EmailDeadLetters"
    stack.queue("Other/EmailDeadLetters")
    with pytest.raises(Usage, match="more than one"):
        place(stack, "EmailDeadLetters")
    with pytest.raises(Usage, match="no place"):
        place(stack, "Nowhere")


def test_looking_leaves_everything_as_it_was(stack: AwsStack) -> None:
    ids = {stack.lies("Order/TimelineDeadLetters", BODY) for _ in range(13)}
    for _ in range(2):
        assert {letter.id for letter in place(stack, "TimelineDeadLetters").letters()} == ids


def test_a_consumers_dead_letter_goes_back_into_its_queue_as_it_was(stack: AwsStack) -> None:
    stack.lies("Order/TimelineDeadLetters", BODY)
    (outcome,) = redrive(place(stack, "TimelineDeadLetters"))
    assert outcome.problem is None
    assert [message["Body"] for message in stack.taken("Order/TimelineQueue")] == [BODY]
    assert stack.taken("Order/TimelineDeadLetters") == []


def test_what_a_rule_attached_stays_behind_and_what_the_sender_attached_goes_along(stack: AwsStack) -> None:
    text = {"DataType": "String", "StringValue": "x"}
    stack.lies("Order/TimelineDeadLetters", BODY, MessageAttributes={"ERROR_CODE": text, "type": text})
    redrive(place(stack, "TimelineDeadLetters"))
    (message,) = stack.taken("Order/TimelineQueue")
    assert set(message["MessageAttributes"]) == {"type"}


def test_a_fifo_letter_keeps_its_group_under_an_id_that_is_not_taken_for_a_repetition(stack: AwsStack) -> None:
    first = stack.lies(
        "Notify/EmailDeadLetters", BODY, MessageGroupId=ORDER, MessageDeduplicationId=EVENT["detail"]["event_id"]
    )
    redrive(place(stack, "EmailDeadLetters"))
    (message,) = stack.taken("Notify/EmailQueue")
    assert message["Attributes"]["MessageGroupId"] == ORDER
    assert message["Attributes"]["MessageDeduplicationId"] == f"redrive-{first}"


def test_what_cannot_be_sent_stays(stack: AwsStack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.lies("Order/TimelineDeadLetters", BODY)
    found = place(stack, "TimelineDeadLetters")

    def refuse(_letter: Letter) -> None:
        raise ClientError({"Error": {"Code": "Down", "Message": "the queue is down"}}, "SendMessage")

    assert found.destination
    monkeypatch.setattr(type(found.destination), "send", lambda _self, letter: refuse(letter))
    (outcome,) = redrive(found)
    assert outcome.problem == "the queue is down"
    assert len(stack.taken("Order/TimelineDeadLetters")) == 1


def test_only_one_orders_letters_go_back_when_asked_so(stack: AwsStack) -> None:
    other = json.dumps({**EVENT, "detail": {**EVENT["detail"], "data": {**EVENT["detail"]["data"], "order_id": "o"}}})
    stack.lies("Order/TimelineDeadLetters", other)
    stack.lies("Order/TimelineDeadLetters", BODY)
    assert [outcome.summary.orders for outcome in redrive(place(stack, "TimelineDeadLetters"), order=ORDER)] == [
        (ORDER,)
    ]
    assert [message["Body"] for message in stack.taken("Order/TimelineDeadLetters")] == [other]


def test_an_event_that_could_not_start_its_workflow_starts_it(stack: AwsStack, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[dict[str, Any]] = []

    class States:
        def start_execution(self, **asked: Any) -> None:
            started.append(asked)

    client = type(stack.stack).client
    monkeypatch.setattr(
        type(stack.stack), "client", lambda self, name: States() if name == "stepfunctions" else client(self, name)
    )
    rule = stack.events.describe_rule(Name="Workflows-Started", EventBusName="cartwheel")["Arn"]
    attached = {"RULE_ARN": rule, "TARGET_ARN": "one that was replaced", "ERROR_CODE": "NO_RESOURCE"}
    stack.lies(
        "Workflows/DeadLetters",
        BODY,
        MessageAttributes={n: {"DataType": "String", "StringValue": v} for n, v in attached.items()},
    )
    redrive(place(stack, "Workflows/DeadLetters"))
    assert started == [{"stateMachineArn": MACHINE, "input": BODY}]


def test_an_event_whose_rule_is_not_known_goes_over_the_bus_again(stack: AwsStack) -> None:
    stack.queue("Seen")
    stack.rule("SeenRule", stack.arn("Seen"))
    stack.lies("Workflows/DeadLetters", BODY)
    redrive(place(stack, "Workflows/DeadLetters"))
    (message,) = stack.taken("Seen")
    seen = json.loads(message["Body"])
    assert {name: seen[name] for name in EVENT} == EVENT


def test_a_record_of_a_stream_goes_to_its_function_as_the_stream_would_send_it(stack: AwsStack) -> None:
    stack.lies("Order/RelayFailures", json.dumps({"error": "Poison: no", "record": RECORD}))
    (outcome,) = redrive(place(stack, "RelayFailures"))
    assert outcome.problem is None
    assert stack.functions.invoked == [("Order-Relay", {"Records": [RECORD]})]
    assert stack.taken("Order/RelayFailures") == []


def test_a_record_that_is_set_aside_again_is_said_to_be(stack: AwsStack) -> None:
    letter = json.dumps({"error": "Poison: no", "record": RECORD})
    stack.lies("Order/RelayFailures", letter)

    def set_aside(_event: Any) -> tuple[None, Any]:
        stack.lies("Order/RelayFailures", letter)
        return None, {"batchItemFailures": []}

    stack.functions.answers["Order-Relay"] = set_aside
    (outcome,) = redrive(place(stack, "RelayFailures"))
    assert outcome.problem == "it was set aside again"
    assert len(stack.taken("Order/RelayFailures")) == 1


def test_a_failed_invocation_goes_to_the_function_of_its_mapping_and_leaves_the_bucket(stack: AwsStack) -> None:
    stack.s3.put_object(Bucket="failurebucket", Key=KEY, Body=invocation(RECORD, RECORD).encode())
    (outcome,) = redrive(place(stack, "FailureBucket"), order=ORDER)
    assert outcome.problem is None
    assert stack.functions.invoked == [(ACCOUNT + "Order-Relay", {"Records": [RECORD, RECORD]})]
    assert place(stack, "FailureBucket").depth() == 0


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (("Unhandled", {"errorType": "Boom", "errorMessage": "no"}), "Boom: no"),
        ((None, {"batchItemFailures": [{"itemIdentifier": "7"}]}), "the function still fails, at 7"),
    ],
)
def test_a_failed_invocation_that_fails_again_stays(
    stack: AwsStack, answer: tuple[str | None, Any], problem: str
) -> None:
    stack.s3.put_object(Bucket="failurebucket", Key=KEY, Body=invocation(RECORD).encode())
    stack.functions.answers[ACCOUNT + "Order-Relay"] = lambda _event: answer
    (outcome,) = redrive(place(stack, "FailureBucket"))
    assert outcome.problem == problem
    assert place(stack, "FailureBucket").depth() == 1


@pytest.mark.parametrize("body", ["nonsense", "{}", '{"record": 1}', "[]"])
@pytest.mark.parametrize("name", ["RelayFailures", "Workflows/DeadLetters"])
def test_what_nobody_can_read_stays_and_says_so(stack: AwsStack, name: str, body: str) -> None:
    stack.lies(place(stack, name).path, body)
    (outcome,) = redrive(place(stack, name))
    assert outcome.problem
    assert "drop it" in (outcome.summary.hint or "")
    assert stack.functions.invoked == []
    assert len(stack.taken(place(stack, name).path)) == 1


def test_where_nothing_tells_where_letters_belong_none_is_moved(stack: AwsStack) -> None:
    stack.queue("Stray")
    assert redrive(place(stack, "Stray")) == []
    stack.lies("Stray", BODY)
    with pytest.raises(CommandError, match="No deployed queue"):
        redrive(place(stack, "Stray"))


def letter(body: str, **attached: str) -> Letter:
    extras = {name: {"DataType": "String", "StringValue": value} for name, value in attached.items()}
    return Letter("id", body, example(OrderConfirmed).occurred_at, {}, extras)


def test_a_letter_says_what_it_is_about_and_what_went_wrong() -> None:
    newer = json.dumps({**EVENT, "detail": {**EVENT["detail"], "version": 9}})
    unknown = json.dumps({**EVENT, "detail-type": "OrderAdored"})
    broken = json.dumps({**EVENT, "detail": {**EVENT["detail"], "data": {"order_id": "o"}}})
    assert (summary_of(letter(BODY)).type, summary_of(letter(BODY)).orders) == ("OrderConfirmed", (ORDER,))
    assert summary_of(letter(BODY)).error is None
    assert summary_of(letter(newer)).error == "UnknownVersion: OrderConfirmed version 9"
    assert "no such event" in (summary_of(letter(unknown)).error or "")
    assert (summary_of(letter(broken)).error or "").startswith("ValidationError")
    assert summary_of(letter(BODY, ERROR_CODE="NO_PERMISSIONS", ERROR_MESSAGE="no")).error == "NO_PERMISSIONS: no"
    record = summary_of(letter(json.dumps({"error": "Poison: no", "record": RECORD})))
    assert (record.type, record.orders, record.error) == (f"MODIFY order#{ORDER}", (ORDER,), "Poison: no")
    batch = summary_of(letter(invocation(RECORD, RECORD)))
    assert (batch.type, batch.orders) == (f"2 × MODIFY order#{ORDER}", (ORDER,))
    assert batch.error == "RecordAgeExceeded after 9 invocations"


def test_a_payload_may_be_text_or_the_thing_itself() -> None:
    assert records_of(invocation(RECORD)) == [RECORD]
    assert records_of(json.dumps({"payload": {"Records": [RECORD]}})) == [RECORD]
