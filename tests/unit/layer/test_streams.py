"""A function behind a DynamoDB stream: in order, stopping at the first failure, poison set aside."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from shopkit import streams
from shopkit.dynamodb import to_item
from shopkit.streams import Change, Poison, change_of, stream_consumer


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was set aside."""
    kept: list[dict[str, Any]] = []

    class Queue:
        def send_message(self, **message: str) -> None:
            kept.append(json.loads(message["MessageBody"]))

    monkeypatch.setenv("FAILURE_QUEUE_URL", "failures")
    monkeypatch.setattr(streams, "client", lambda _service: Queue())
    return kept


def record(number: int, new: dict[str, Any] | None = None, old: dict[str, Any] | None = None) -> dict[str, Any]:
    images = {name: to_item(row) for name, row in (("NewImage", new), ("OldImage", old)) if row is not None}
    return {"dynamodb": {"SequenceNumber": str(number), **images}}


def run(apply: Callable[[Change], None], *records: dict[str, Any]) -> list[str]:
    answer = stream_consumer(apply)({"Records": list(records)}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_a_record_is_the_row_before_and_after() -> None:
    assert change_of(record(1, new={"n": 2}, old={"n": 1})) == Change("1", {"n": 1}, {"n": 2})
    assert change_of(record(2, new={"n": 1})) == Change("2", None, {"n": 1})
    assert change_of(record(3, old={"n": 1})) == Change("3", {"n": 1}, None)


def test_a_binary_attribute_arrives_as_base64() -> None:
    event: Any = {"dynamodb": {"SequenceNumber": "1", "NewImage": {"pk": {"S": "x"}, "body": {"B": "AP8="}}}}
    new = change_of(event).new
    assert new
    assert bytes(new["body"]) == b"\x00\xff"
    event["dynamodb"]["NewImage"]["body"] = {"B": "no base64"}
    with pytest.raises(ValueError, match="base64"):
        change_of(event)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"dynamodb": None},
        {"dynamodb": {"NewImage": {}}},
        {"dynamodb": {"SequenceNumber": "1", "NewImage": {"pk": "plain"}}},
        {"dynamodb": {"SequenceNumber": "1", "NewImage": {"pk": {"X": "unknown type"}}}},
        {"dynamodb": {"SequenceNumber": "1", "NewImage": ["pk"]}},
    ],
)
def test_what_is_no_record_is_poison(record: dict[str, Any]) -> None:
    with pytest.raises(Poison):
        change_of(record)


def test_changes_are_applied_in_order() -> None:
    seen: list[int] = []

    def apply(change: Change) -> None:
        assert change.new
        seen.append(change.new["n"])

    assert run(apply, *(record(number, {"n": number}) for number in range(5))) == []
    assert seen == [0, 1, 2, 3, 4]


def test_a_failure_stops_the_batch_there_and_is_retried_from_there(kept: list[dict[str, Any]]) -> None:
    seen: list[str] = []

    def apply(change: Change) -> None:
        seen.append(change.sequence_number)
        if change.sequence_number == "3":
            raise ConnectionError

    assert run(apply, *(record(number, {"n": number}) for number in range(1, 6))) == ["3"]
    assert seen == ["1", "2", "3"]
    assert kept == []


def test_scenario_14_poison_is_set_aside_whole_and_the_rest_is_applied(kept: list[dict[str, Any]]) -> None:
    seen: list[str] = []

    def apply(change: Change) -> None:
        if change.sequence_number == "2":
            raise ValueError("x" * 5000)
        seen.append(change.sequence_number)

    poison, shapeless = record(2, {"n": 2}), {"dynamodb": {"SequenceNumber": "3", "NewImage": {"n": {"X": "?"}}}}
    assert run(apply, record(1, {"n": 1}), poison, shapeless, record(4, {"n": 4})) == []
    assert seen == ["1", "4"]
    assert [each["record"] for each in kept] == [poison, shapeless]
    assert all(len(each["error"]) <= 1000 for each in kept)
