"""An order's steps are found in its traces, and joined where a queue or a stream separates them."""

import base64
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from google.protobuf.json_format import Parse
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from deployed.traces import otlp
from deployed.traces.names import Names
from deployed.traces.steps import Step, steps_of
from deployed.traces.waiting import Consumer, Consumers, certainly_matches, waiting
from deployed.traces.xray import Segment, parsed, segments_of
from tests.support import recorded_traces

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
# What led to what, in the order that was retried.
LED_TO = {
    ("POST /orders", "order.place", "call"),
    ("order.place", "order.relay → OrderPlaced", "stream"),
    ("order.relay → OrderPlaced", "checkout", "bus"),
    ("order.relay → OrderPlaced", "order.record_timeline ← OrderPlaced", "queue"),
    ("order.relay → OrderPlaced", "notify.email ← OrderPlaced", "queue"),
    ("checkout", "inventory.reserve", "call"),
    ("checkout", "payment.authorize", "call"),
    ("checkout", "order.hold", "call"),
    ("checkout", "payment.capture", "call"),
    ("checkout", "order.confirm", "call"),
    ("inventory.reserve", "inventory.relay → StockReserved", "stream"),
    ("payment.authorize", "payment.relay → PaymentAuthorized", "stream"),
    ("payment.capture", "payment.relay → PaymentCaptured", "stream"),
    ("order.confirm", "order.relay → OrderConfirmed", "stream"),
    ("order.confirm", "inventory.sync", "stream"),
    ("inventory.sync", "inventory.relay → StockCommitted", "stream"),
    ("order.relay → OrderConfirmed", "clickstream.purchases ← OrderConfirmed", "queue"),
    ("order.relay → OrderConfirmed", "order.record_timeline ← OrderConfirmed", "queue"),
    ("order.relay → OrderConfirmed", "notify.email ← OrderConfirmed", "queue"),
    ("notify.email ← OrderPlaced", "notify.relay → NotificationSent", "stream"),
    ("notify.email ← OrderConfirmed", "notify.relay → NotificationSent", "stream"),
    ("inventory.relay → StockReserved", "order.record_timeline ← StockReserved", "queue"),
    ("inventory.relay → StockCommitted", "order.record_timeline ← StockCommitted", "queue"),
    ("payment.relay → PaymentAuthorized", "order.record_timeline ← PaymentAuthorized", "queue"),
    ("payment.relay → PaymentCaptured", "order.record_timeline ← PaymentCaptured", "queue"),
    ("notify.relay → NotificationSent", "order.record_timeline ← NotificationSent", "queue"),
}


def steps(name: str, segments: list[Segment] | None = None, order: str | None = None) -> list[Step]:
    found = recorded_traces.segments(name) if segments is None else segments
    return steps_of(order or f"ord_{name}", found, recorded_traces.names(name))


def said(step: Step) -> str:
    sign = {"published": " → ", "consumed": " ← "}.get(step.deed, "")
    return f"{step.name}{sign}{step.event}"


def joins(found: list[Step]) -> set[tuple[str, str, str | None]]:
    by_id = {step.id: step for step in found}
    return {
        (said(by_id[step.cause]), said(step), step.link)
        for step in found
        if step.cause and not by_id[step.cause].only_reads and not step.only_reads
    }


def test_every_function_is_joined_to_what_led_to_it() -> None:
    found = steps("retried")
    assert joins(found) == LED_TO
    assert {said(step) for step in found if step.cause is None} == {"POST /orders", "GET /orders/ord_retried"}


def test_a_trace_without_annotations_tells_nothing_about_the_order() -> None:
    blank = [replace(segment, annotations={}) for segment in recorded_traces.segments("retried")]
    assert steps("retried", blank) == []


def test_an_event_without_its_id_is_joined_to_nothing() -> None:
    def forgetful(facts: Mapping[str, Any]) -> Mapping[str, Any]:
        return {deed: {**said, "event_id": f"{deed}-only"} for deed, said in facts.items()}

    found = [replace(segment, facts=forgetful(segment.facts)) for segment in recorded_traces.segments("retried")]
    assert not any(link == "queue" for _cause, _step, link in joins(steps("retried", found)))


def test_attempts_are_counted_and_their_pauses_are_waiting() -> None:
    tries = [step for step in steps("retried") if step.name == "payment.authorize"]
    assert [(step.attempt, step.error) for step in tries] == [
        (1, "GatewayUnavailable"),
        (2, "GatewayUnavailable"),
        (3, None),
    ]
    assert [round(step.waited) if step.waited else None for step in tries] == [None, 1, 2]
    assert all(step.calls for step in tries)


def test_a_second_attempt_keeps_what_it_reports_under_the_first() -> None:
    """In a warm environment the SDK still thinks that it is in the first invocation of the same trace."""
    found = recorded_traces.segments("retried")
    runs = [one for one in found if one.origin == "AWS::Lambda::Function" and one.name == "shop-Payment-Authorize"]
    ids = {run.id for run in runs}
    stale = [replace(one, parent=runs[0].id) if one.parent in ids else one for one in found]
    tries = [step for step in steps("retried", stale) if step.name == "payment.authorize"]
    assert [len(step.calls) for step in tries] == [4, 3, 4]


def test_waiting_is_told_apart_from_working() -> None:
    consumed = [step for step in steps("retried") if step.deed == "consumed"]
    assert all(step.waited is not None and step.waited >= 0 for step in consumed)
    slow = next(step for step in consumed if step.started_up)
    assert (slow.ended or 0) - slow.began > slow.started_up > 0.5  # type: ignore[operator]


def test_other_orders_in_the_same_batch_are_left_out() -> None:
    """A relay publishes the events of several orders in one trace, and the checkouts of all of them go on in it."""
    found = recorded_traces.segments("retried")
    theirs = [
        replace(
            one,
            id=f"theirs-{one.id}",
            parent=f"theirs-{one.parent}" if one.parent else None,
            annotations={"order_id": "ord_theirs"} if one.annotations else {},
        )
        for one in found
    ]
    (call,) = [one for one in found if one.aws.get("operation") == "PutEvents" and step_of(one, found, "OrderPlaced")]
    both = [
        replace(one, parent=call.id) if one.id.startswith("theirs") and one.origin.endswith("StateMachine") else one
        for one in [*found, *theirs]
    ]
    assert joins(steps("retried", both)) == LED_TO
    assert len(steps("retried", both)) == len(steps("retried"))


def step_of(call: Segment, found: list[Segment], event: str) -> bool:
    parent = next((one for one in found if one.id == call.parent), None)
    return parent is not None and parent.name == event


def test_two_workflows_that_name_no_order_belong_to_whoever_published_alone() -> None:
    """A workflow without functions, such as the one that ends a review's wait, names no order."""
    found = recorded_traces.segments("retried")
    (call,) = [one for one in found if one.aws.get("operation") == "PutEvents" and step_of(one, found, "OrderPlaced")]
    silent = Segment("wake", call.trace_id, call.id, "Wake", call.began, call.ended, "AWS::StepFunctions::StateMachine")
    assert "Wake" in {step.name for step in steps("retried", [*found, silent])}
    foreign = Segment(
        "theirs", call.trace_id, call.parent, "OrderPlaced", call.began, call.ended,
        annotations={"order_id": "ord_theirs"}, facts={"published": {"event_id": "x"}},
    )  # fmt: skip
    batch = [replace(one, parent="theirs") if one.id == call.id else one for one in found]
    assert "Wake" not in {step.name for step in steps("retried", [*batch, foreign, silent])}


def test_a_workflow_is_found_by_its_tasks_below_its_own_calls() -> None:
    """On AWS, each state of a workflow is a subsegment, in which the call of the function is another."""
    found = recorded_traces.segments("retried")
    (workflow,) = {one.id for one in found if one.origin.endswith("StateMachine")}
    tasks = [one for one in found if one.parent == workflow]
    states = [replace(one, id=f"call-{one.id}", name="Lambda", origin="", aws={"operation": "Invoke"}) for one in tasks]
    theirs = {one.id for one in tasks}
    moved = [replace(one, parent=f"call-{one.id}") if one.id in theirs else one for one in found]
    assert joins(steps("retried", [*moved, *states])) == LED_TO


class Deployed(Consumers):
    def __init__(self, *, off: bool) -> None:
        self.off = off

    def of_event(self, event: str, *, on_a_topic: bool) -> list[Consumer]:
        assert on_a_topic is event.startswith("Order")  # only the order's relay publishes there, too
        named = [("order.record_timeline", "shop-Order-RecordTimeline", False)]
        if event == "OrderConfirmed":
            named.append(("clickstream.purchases", "shop-Clickstream-Purchases", self.off))
        return [Consumer(name, function, "queue", off) for name, function, off in named]

    def of_table(self, table: str) -> list[Consumer]:
        readers = [Consumer("inventory.sync", "shop-Inventory-Sync", "stream", self.off)]
        return readers if table == "shop-Order-Orders" else []


def test_what_a_switched_off_consumer_has_not_taken_waits() -> None:
    found = waiting(steps("waiting"), Deployed(off=True), every_trace_is_kept=False)
    assert [(one.consumer.name, one.event) for one in found] == [
        ("clickstream.purchases", "OrderConfirmed"),
        ("inventory.sync", "write to Orders"),
    ]
    causes = {step.id: said(step) for step in steps("waiting")}
    assert [causes[one.cause] for one in found] == ["order.relay → OrderConfirmed", "order.confirm"]
    assert waiting(steps("retried"), Deployed(off=True), every_trace_is_kept=True) == []


def test_a_consumer_that_is_on_waits_only_where_every_trace_is_kept() -> None:
    on = Deployed(off=False)
    assert [one.event for one in waiting(steps("waiting"), on, every_trace_is_kept=True)] == ["OrderConfirmed"]
    assert waiting(steps("waiting"), on, every_trace_is_kept=False) == []


@pytest.mark.parametrize(
    ("pattern", "event", "matches"),
    [
        ({"source": ["shop.order"], "detail-type": ["OrderConfirmed"]}, "OrderConfirmed", True),
        ({"source": ["shop.order"], "detail-type": ["OrderConfirmed"]}, "OrderPlaced", False),
        ({"source": ["shop.payment"]}, "OrderPlaced", False),
        ({"source": [{"prefix": "shop."}]}, "OrderPlaced", True),
        ({"source": [{"exists": True}]}, "OrderPlaced", False),
        ({"source": [{"prefix": "shop."}], "detail": {"data": {"order_id": [{"exists": True}]}}}, "OrderPlaced", True),
        ({"detail-type": ["OrderReviewed"], "detail": {"data": {"decision": ["approved"]}}}, "OrderReviewed", False),
    ],
)
def test_a_rule_is_expected_to_deliver_only_if_it_looks_at_nothing_else(
    pattern: dict[str, Any], event: str, *, matches: bool
) -> None:
    assert certainly_matches(pattern, event) is matches


def test_traces_are_searched_in_windows_and_fetched_five_at_a_time_with_those_they_link_to() -> None:
    xray = boto3.client("xray", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    ids = [f"1-00000000-{number:024x}" for number in range(8)]
    expression = 'annotation.order_id = "ord_1"'
    began = NOW - timedelta(hours=8)
    first, second = began - timedelta(minutes=1), began - timedelta(minutes=1) + timedelta(hours=6)
    with Stubber(xray) as stubber:
        for start, end, found in ((first, second, ids[:4]), (second, NOW, ids[3:7])):
            stubber.add_response(
                "get_trace_summaries",
                {"TraceSummaries": [{"Id": trace_id} for trace_id in found]},
                {"StartTime": start, "EndTime": end, "FilterExpression": expression},
            )
        for some, link in ((ids[:5], None), (ids[5:7], ids[7]), (ids[7:], ids[0])):
            stubber.add_response(
                "batch_get_traces", {"Traces": [_trace(trace_id, link) for trace_id in some]}, {"TraceIds": some}
            )
        found_segments = segments_of(xray, "ord_1", began, NOW)
        stubber.assert_no_pending_responses()
    assert Counter(segment.trace_id for segment in found_segments) == dict.fromkeys(ids, 2)
    assert {segment.parent for segment in found_segments if segment.name == "inside"} == {"a" * 16}


def test_what_is_older_than_x_ray_keeps_is_not_searched() -> None:
    xray = boto3.client("xray", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(xray) as stubber:
        for _ in range(30 * 4):
            stubber.add_response("get_trace_summaries", {"TraceSummaries": []})
        assert segments_of(xray, "ord_1", NOW - timedelta(days=400), NOW) == []
        stubber.assert_no_pending_responses()


def _trace(trace_id: str, link: str | None) -> dict[str, Any]:
    links = {"links": [{"trace_id": link, "id": "b" * 16}]} if link else {}
    inside = {"id": "c" * 16, "name": "inside", "start_time": 1.5, "end_time": 2}
    document = {"id": "a" * 16, "name": "x", "start_time": 1, "end_time": 2, **links, "subsegments": [inside]}
    return {"Id": trace_id, "Segments": [{"Id": "a" * 16, "Document": json.dumps(document)}]}


def test_the_names_are_those_of_the_sources() -> None:
    names = Names({"f": "Order/RecordTimeline", "w": "Workflows/Checkout", "k": "KafkaService/Bridge"})
    assert [names.of(name) for name in ("f", "w", "k", "?")] == [
        "order.record_timeline",
        "checkout",
        "kafka.bridge",
        "?",
    ]
    urls = ("/orders/ord_0123456789abcdef0123/timeline", "https://a.example/v1/orders?limit=1", "")
    requests = [Segment("1", "t", None, "x", 0, 1, http={"request": {"method": "GET", "url": url}}) for url in urls]
    assert [names.request(segment) for segment in requests] == ["GET /orders/…/timeline", "GET /orders", "GET /"]


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({}, None),
        ({"fault": True, "cause": {"exceptions": [{"type": "botocore.exceptions.ReadTimeout"}]}}, "ReadTimeout"),
        ({"fault": True, "cause": "an id of another segment"}, "failed"),
        ({"error": True, "http": {"response": {"status": 404}}}, "404"),
        ({"throttle": True, "error": True}, "throttled"),
    ],
)
def test_what_failed_has_a_name(document: dict[str, Any], error: str | None) -> None:
    (segment,) = parsed({"id": "1", "start_time": 1, **document}, "t")
    assert segment.error == error


def test_what_is_written_for_viewers_is_valid_and_whole() -> None:
    """The format's JSON has hex where protobuf's own has Base64 (OTLP specification, "JSON Protobuf Encoding")."""
    found = steps("retried")
    text = json.dumps(otlp.document("ord_retried", found))
    binary = re.sub(
        r'"((?:trace|span|parentSpan)Id)": "([0-9a-f]+)"',
        lambda match: f'"{match[1]}": "{base64.b64encode(bytes.fromhex(match[2])).decode()}"',
        text,
    )
    read = Parse(binary, TracesData())
    spans = [span for resource in read.resource_spans for scope in resource.scope_spans for span in scope.spans]
    ids = {span.span_id for span in spans}
    assert len(ids) == len(spans) == len(found) + sum(len(step.calls) for step in found)
    assert {len(span.trace_id) for span in spans} == {16}
    assert {len(span.span_id) for span in spans} == {8}
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in spans)
    assert all(span.parent_span_id in ids for span in spans if span.parent_span_id)
    linked = [link for span in spans for link in span.links]
    assert all(link.span_id in ids for link in linked)
    apart = [step for step in found if step.link in {"queue", "stream"} and step.cause]
    assert len(linked) == len(apart) > 0
    assert sum(span.status.code == 2 for span in spans) == 2
    services = {
        attribute.value.string_value
        for resource in read.resource_spans
        for attribute in resource.resource.attributes
        if attribute.key == "service.name"
    }
    assert {"api", "checkout", "order.place", "notify.email"} <= services
