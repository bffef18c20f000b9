"""The outbox relay against a bus and a topic that refuse what AWS's would, and fail when told to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import Envelope, envelop
from contracts.order import OrderCancelled, OrderConfirmed, OrderPlaced, OrderRejected
from contracts.types import Money, OrderLine
from shopkit import bus, streams
from shopkit import relay as module
from shopkit.dynamodb import to_item
from shopkit.relay import relay
from shopkit.types import Image

AT = datetime(2026, 1, 1, tzinfo=UTC)
LIMIT = 256 * 1024


@dataclass
class Aws:
    """Bus, topic and failure queue. `refuse_entries`: positions in the next call to a service; `down` refuses all."""

    bus: list[dict[str, Any]] = field(default_factory=list)
    bus_calls: list[int] = field(default_factory=list)
    topic: list[dict[str, Any]] = field(default_factory=list)
    set_aside: list[dict[str, Any]] = field(default_factory=list)
    refuse_entries: dict[str, set[int]] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)

    def put_events(self, *, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - AWS's names
        self._check("events", Entries, [entry["Detail"] for entry in Entries])
        refused = self._refused("events", Entries)
        taken = [entry for index, entry in enumerate(Entries) if index not in refused]
        self.bus += taken
        self.bus_calls.append(len(Entries))
        return {
            "FailedEntryCount": len(refused),
            "Entries": [
                {"ErrorCode": "ThrottlingException"} if index in refused else {"EventId": "x"}
                for index in range(len(Entries))
            ],
        }

    def publish_batch(self, *, TopicArn: str, PublishBatchRequestEntries: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        assert TopicArn == "topic"
        entries = PublishBatchRequestEntries
        self._check("sns", entries, [entry["Message"] for entry in entries])
        assert len({entry["Id"] for entry in entries}) == len(entries)
        refused = self._refused("sns", entries)
        known = {entry["MessageDeduplicationId"] for entry in self.topic}
        self.topic += [
            entry
            for index, entry in enumerate(entries)
            if index not in refused and entry["MessageDeduplicationId"] not in known
        ]
        return {"Failed": [{"Id": str(index), "Code": "InternalError"} for index in refused]}

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
        assert QueueUrl == "failures"
        if "sqs" in self.down:
            raise ConnectionError("sqs")
        self.set_aside.append(json.loads(MessageBody))

    def _refused(self, service: str, entries: Sequence[Any]) -> set[int]:
        return {index for index in self.refuse_entries.pop(service, set()) if index < len(entries)}

    def _check(self, service: str, entries: Sequence[dict[str, Any]], texts: list[str]) -> None:
        if service in self.down:
            raise ConnectionError(service)
        assert 1 <= len(entries) <= 10
        assert sum(len(text.encode()) for text in texts) <= LIMIT

    @property
    def on_bus(self) -> list[tuple[str, str]]:
        """(order, event) in order of arrival."""
        details = [(json.loads(entry["Detail"]), entry["DetailType"]) for entry in self.bus]
        return [(detail["correlation_id"], kind) for detail, kind in details]

    @property
    def on_topic(self) -> list[tuple[str, str]]:
        messages = [json.loads(entry["Message"]) for entry in self.topic]
        return [(message["detail"]["correlation_id"], message["detail-type"]) for message in messages]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    aws = Aws()
    for each in (bus, module, streams):
        monkeypatch.setattr(each, "client", lambda _service: aws)
    monkeypatch.setenv("BUS_NAME", "bus")
    monkeypatch.setenv("FAILURE_QUEUE_URL", "failures")
    monkeypatch.setenv("ORDER_UPDATES_TOPIC_ARN", "topic")
    return aws


def events_of(_old: Image | None, new: Image | None) -> list[Envelope[Any]]:
    """A service whose rows say themselves what happened."""
    assert new
    if new.get("unreadable"):
        raise ValueError("no order of ours")
    return [event(new["order"], said, new["version"], new.get("name", "Mug")) for said in new["says"]]


def event(order: str, said: str, version: int = 1, name: str = "Mug") -> Envelope[Any]:
    line = OrderLine(sku="MUG", quantity=1, name=name, unit_price=Money(amount=1))
    data: Any = {
        "placed": OrderPlaced(
            order_id=order,
            customer_id="c",
            total=Money(amount=1),
            lines=(line,) * 50,
            payment_method="pm_visa",
            placed_at=AT,
        ),
        "confirmed": OrderConfirmed(order_id=order, customer_id="c", total=Money(amount=1), lines=(line,)),
        "rejected": OrderRejected(order_id=order, customer_id="c", total=Money(amount=1), reason="r"),
        "cancelled": OrderCancelled(order_id=order, customer_id="c", total=Money(amount=1), reason="r"),
    }[said]
    return envelop(data, entity_id=order, entity_version=version, occurred_at=AT, correlation_id=order)


def record(number: int, order: str, *says: str, **more: Any) -> dict[str, Any]:
    row = {"order": order, "says": list(says), "version": number, **more}
    return {"eventName": "MODIFY", "dynamodb": {"SequenceNumber": str(number), "NewImage": to_item(row)}}


handler = relay(events_of)


def run(*records: dict[str, Any]) -> str | None:
    """One invocation; answers the sequence number from which Lambda would retry."""
    failures = handler({"Records": list(records)}, None)["batchItemFailures"]
    assert len(failures) <= 1
    return failures[0]["itemIdentifier"] if failures else None


def test_a_change_is_published_to_the_bus_and_in_order_to_the_topic(aws: Aws) -> None:
    assert run(record(1, "a", "placed"), record(2, "a", "cancelled")) is None
    assert aws.on_bus == aws.on_topic == [("a", "OrderPlaced"), ("a", "OrderCancelled")]
    assert [(entry["Source"], entry["EventBusName"], entry["Time"]) for entry in aws.bus] == [
        ("shop.order", "bus", AT)
    ] * 2


def test_the_topic_orders_by_order_and_knows_an_event_by_its_id(aws: Aws) -> None:
    run(record(1, "a", "placed"))
    (entry,) = aws.topic
    assert entry["MessageGroupId"] == "a"
    assert entry["MessageDeduplicationId"] == str(event("a", "placed").event_id)
    assert entry["MessageAttributes"] == {"type": {"DataType": "String", "StringValue": "OrderPlaced"}}
    assert json.loads(entry["Message"]) == event("a", "placed").as_published()


def test_a_service_without_a_topic_publishes_to_the_bus_alone(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORDER_UPDATES_TOPIC_ARN")
    assert run(record(1, "a", "placed")) is None
    assert (len(aws.bus), aws.topic) == (1, [])


def test_changes_that_mean_nothing_publish_nothing(aws: Aws) -> None:
    assert run(record(1, "a"), record(2, "b")) is None
    assert aws.bus_calls == []


def test_events_of_different_orders_share_a_call_up_to_ten(aws: Aws) -> None:
    assert run(*(record(number, f"order-{number}", "cancelled") for number in range(1, 26))) is None
    assert aws.bus_calls == [10, 10, 5]


def test_two_events_of_one_order_never_share_a_call(aws: Aws) -> None:
    """A call can fail in part, and then the second would arrive before the first."""
    run(record(1, "a", "placed"), record(2, "b", "placed"), record(3, "a", "confirmed", "cancelled"))
    assert aws.bus_calls == [2, 1, 1]


def test_a_call_stays_under_the_limit_of_bytes(aws: Aws) -> None:
    """200 emoji in each of 50 lines: four bytes each, and twelve when escaped."""
    assert run(*(record(number, f"order-{number}", "placed", name="😀" * 200) for number in range(1, 11))) is None
    assert len(aws.bus) == 10
    assert len(aws.bus_calls) > 1


# ── Failures ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_entry_that_the_bus_refuses_is_retried_from_its_call_s_first_record(aws: Aws) -> None:
    aws.refuse_entries["events"] = {1}
    records = [record(number, f"order-{number}", "cancelled") for number in range(1, 4)]
    assert run(*records) == "1"
    # The retry, which repeats what had been taken, with the same ids.
    assert run(*records) is None
    ids = [json.loads(entry["Detail"])["event_id"] for entry in aws.bus]
    assert len(ids) == 5
    assert len(set(ids)) == 3
    assert [order for order, _ in aws.on_topic] == ["order-1", "order-2", "order-3"]


def test_what_was_published_before_the_failure_is_not_retried(aws: Aws) -> None:
    records = [record(number, f"order-{number}", "cancelled") for number in range(1, 21)]

    def fail_second_call(**entries: Any) -> dict[str, Any]:
        if aws.bus_calls:
            raise ConnectionError
        return Aws.put_events(aws, **entries)

    aws.put_events = fail_second_call  # type: ignore[method-assign]
    assert run(*records) == "11"
    assert len(aws.bus) == 10


def test_an_outage_of_the_bus_loses_nothing(aws: Aws) -> None:
    aws.down = {"events"}
    assert run(record(1, "a", "placed"), record(2, "a", "confirmed")) == "1"
    assert aws.topic == []
    aws.down = set()
    assert run(record(1, "a", "placed"), record(2, "a", "confirmed")) is None
    assert aws.on_bus == [("a", "OrderPlaced"), ("a", "OrderConfirmed")]


def test_what_the_topic_refuses_is_retried_and_the_order_holds(aws: Aws) -> None:
    aws.refuse_entries["sns"] = {0}
    records = [record(1, "a", "placed"), record(2, "b", "placed"), record(3, "a", "confirmed")]
    assert run(*records) == "1"
    assert aws.on_topic == [("b", "OrderPlaced")]
    assert run(*records) is None
    assert [kind for order, kind in aws.on_topic if order == "a"] == ["OrderPlaced", "OrderConfirmed"]


def test_scenario_14_a_poison_record_is_set_aside_whole_and_the_shard_advances(aws: Aws) -> None:
    poison = record(2, "b", "placed", unreadable=True)
    shapeless = {"eventName": "INSERT", "dynamodb": {"NewImage": {"pk": "not an attribute"}}}
    assert run(record(1, "a", "placed"), poison, shapeless, record(4, "c", "placed")) is None
    assert [order for order, _ in aws.on_bus] == ["a", "c"]
    assert [kept["record"] for kept in aws.set_aside] == [poison, shapeless]
    assert aws.set_aside[0]["error"] == "ValueError: no order of ours"


def test_poison_that_cannot_be_set_aside_is_not_passed_over(aws: Aws) -> None:
    aws.down = {"sqs"}
    with pytest.raises(ConnectionError):
        run(record(1, "a", "placed", unreadable=True))


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.lists(st.sampled_from(["placed", "confirmed", "cancelled"]), max_size=3)),
        max_size=30,
    ),
    st.lists(st.tuples(st.sampled_from(["events", "sns"]), st.integers(0, 9)), max_size=6),
)
def test_whatever_is_refused_every_order_s_events_arrive_in_order(
    history: list[tuple[str, list[str]]], refusals: list[tuple[str, int]]
) -> None:
    aws = Aws()
    with pytest.MonkeyPatch.context() as patch:
        for each in (bus, module, streams):
            patch.setattr(each, "client", lambda _service: aws)
        for name, value in {"BUS_NAME": "bus", "ORDER_UPDATES_TOPIC_ARN": "topic"}.items():
            patch.setenv(name, value)
        records = [record(number, order, *says) for number, (order, says) in enumerate(history, 1)]
        remaining = records
        while remaining:
            if refusals:
                service, index = refusals.pop()
                aws.refuse_entries = {service: {index}}
            failed = run(*remaining)
            if failed is None:
                break
            remaining = [each for each in remaining if int(each["dynamodb"]["SequenceNumber"]) >= int(failed)]
    for order in "abc":
        expected = [
            str(event(order, said, number).event_id)
            for number, (name, says) in enumerate(history, 1)
            if name == order
            for said in dict.fromkeys(says)
        ]
        for entries in (aws.bus, aws.topic):
            assert _first_arrivals(entries, order) == expected


def _first_arrivals(entries: list[dict[str, Any]], order: str) -> list[str]:
    details = [
        json.loads(entry["Detail"]) if "Detail" in entry else json.loads(entry["Message"])["detail"]
        for entry in entries
    ]
    return list(dict.fromkeys(detail["event_id"] for detail in details if detail["correlation_id"] == order))
