"""What a function tells its trace about orders, in the SDK's own documents."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from aws_xray_sdk import global_sdk_config
from aws_xray_sdk.core import xray_recorder

from contracts.order import OrderConfirmed
from shopkit import telemetry
from shopkit.api import Response, endpoint
from shopkit.consumer import Delivery, consumer
from shopkit.streams import Change, stream_consumer
from shopkit.task import OrderTask, task


class Sent(list[dict[str, Any]]):
    """What the daemon would get, innermost first."""

    def send_entity(self, entity: Any) -> None:
        self.append(json.loads(entity.serialize()))

    def parts(self) -> list[dict[str, Any]]:
        def inside(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
            yield document
            for part in document.get("subsegments", ()):
                yield from inside(part)

        return [part for document in self for part in inside(document)]

    def annotated(self) -> list[tuple[str, dict[str, Any]]]:
        ours = {"order_id", "correlation_id"}
        return [
            (part["name"], found)
            for part in self.parts()
            if (found := {key: value for key, value in part.get("annotations", {}).items() if key in ours})
        ]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sent]:
    found = Sent()
    monkeypatch.setattr(xray_recorder, "_emitter", found)
    monkeypatch.setattr(telemetry.tracer, "disabled", False)
    was = global_sdk_config.sdk_enabled()
    monkeypatch.setenv("AWS_XRAY_SDK_ENABLED", "true")
    global_sdk_config.set_sdk_enabled(True)
    xray_recorder.begin_segment("test", sampling=1)
    try:
        yield found
    finally:
        xray_recorder.clear_trace_entities()
        monkeypatch.setenv("AWS_XRAY_SDK_ENABLED", "false")
        global_sdk_config.set_sdk_enabled(was)


def done(sent: Sent) -> Sent:
    xray_recorder.end_segment()
    return sent


def test_a_request_names_the_order_of_its_path_and_that_of_its_answer(sent: Sent) -> None:
    handler = endpoint(lambda _request: Response(201, {"order_id": "ord_new"}))  # type: ignore[arg-type]
    handler({"path": "/orders"}, None)
    handler({"path": "/orders/ord_1", "pathParameters": {"order_id": "ord_1"}}, None)
    assert [found["order_id"] for _name, found in done(sent).annotated()] == ["ord_new", "ord_new"]


def test_what_is_no_id_is_not_written(sent: Sent) -> None:
    handler = endpoint(lambda _request: Response(200, {}))  # type: ignore[arg-type]
    for text in ("Ada Example", "x" * 65, "", "ada@example.com"):
        handler({"path": "/orders/x", "pathParameters": {"order_id": text}}, None)
    assert done(sent).annotated() == []


def test_a_task_names_its_order(sent: Sent) -> None:
    @task(OrderTask)
    def handler(given: OrderTask) -> str:
        return given.order_id

    handler({"order_id": "ord_1"}, None)
    assert done(sent).annotated() == [("## handler", {"order_id": "ord_1"})]


def test_each_message_is_a_part_of_its_own_with_its_event_and_its_attempt(sent: Sent) -> None:
    def fail_second(delivery: Delivery) -> None:
        if delivery.event.correlation_id == "ord_2":
            raise TimeoutError

    handler = consumer(OrderConfirmed)(fail_second)
    handler({"Records": [message("ord_1"), message("ord_2", attempt=3)]}, None)
    found = [part for part in done(sent).parts() if "metadata" in part and "shop" in part["metadata"]]
    facts = [part["metadata"]["shop"]["consumed"] for part in found]
    assert sent.annotated() == [("OrderConfirmed", {"order_id": "ord_1"}), ("OrderConfirmed", {"order_id": "ord_2"})]
    assert [(one["attempt"], one["queue"], one["sent_at"]) for one in facts] == [(1, "queue", 1.5), (3, "queue", 1.5)]
    assert [bool(part.get("fault")) for part in found] == [False, True]


def test_each_record_of_a_stream_is_a_part_of_its_own(sent: Sent) -> None:
    seen: list[Change] = []
    record = {
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/Orders/stream/2026",
        "dynamodb": {
            "SequenceNumber": "1",
            "ApproximateCreationDateTime": 7,
            "NewImage": {"order_id": {"S": "ord_1"}, "name": {"S": "Ada Example"}},
        },
    }
    stream_consumer(seen.append)({"Records": [record]}, None)
    (part,) = [part for part in done(sent).parts() if part["name"] == "stream record"]
    assert part["annotations"] == {"order_id": "ord_1"}
    assert part["metadata"]["shop"] == {"read": {"table": "Orders", "sequence_number": "1", "written_at": 7}}
    assert seen
    assert "Ada" not in json.dumps(sent)


def test_a_batch_of_ten_orders_stays_within_what_x_ray_indexes(sent: Sent) -> None:
    """X-Ray indexes 50 annotations of a trace (Developer Guide, "Segment documents")."""
    handler = consumer(OrderConfirmed)(lambda _delivery: None)
    handler({"Records": [message(f"ord_{number}") for number in range(10)]}, None)
    assert sum(len(part.get("annotations", {})) for part in done(sent).parts()) <= 50


def message(order_id: str, attempt: int = 1) -> dict[str, Any]:
    data = {
        "order_id": order_id,
        "customer_id": "c",
        "lines": [{"sku": "MUG", "name": "Mug", "quantity": 1, "unit_price": {"amount": 1, "currency": "USD"}}],
        "total": {"amount": 1, "currency": "USD"},
        "confirmed_at": "2026-01-01T12:00:00Z",
    }
    detail = {
        "event_id": str(uuid4()),
        "version": 1,
        "occurred_at": "2026-01-01T12:00:00Z",
        "correlation_id": order_id,
        "entity_version": 2,
        "data": data,
    }
    return {
        "messageId": f"m-{order_id}",
        "body": json.dumps({"source": "shop.order", "detail-type": "OrderConfirmed", "detail": detail}),
        "attributes": {"ApproximateReceiveCount": str(attempt), "SentTimestamp": "1500"},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:queue",
    }
