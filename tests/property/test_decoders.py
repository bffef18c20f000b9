"""Whatever arrives, reading it fails in the intended way only: what no retry can make understandable is set aside, or
is refused as the sender's mistake, and what lies beside it goes on.

Each decoder gets its real messages with one place replaced, or removed, by what has broken decoders before.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from clickstream import aggregate, stream
from clickstream import store as clicks_store
from clickstream.domain import Place, PostedClicks
from contracts.envelope import UnknownVersion, opened
from contracts.events import EVENTS
from contracts.order import OrderCancelled, OrderConfirmed
from contracts.types import Timestamp, Value
from inventory import store as inventory_store
from inventory import sync
from inventory.domain import Product, ProductRequest, Reservation, RestockRequest
from inventory.events import events_of as of_inventory
from inventory.reserve import GoodsWanted
from kafkabridge import count_sales
from kafkabridge import store as sales_store
from notify.domain import Notification, Status
from notify.events import events_of as of_notify
from notify.store import row_of as notification_row
from order.await_review import Wait
from order.domain import OrderRequest
from order.events import events_of as of_order
from order.reject import Rejection
from order.review import Review
from order.store import row_of as order_row
from payment.authorize import Authorization
from payment.domain import Payment
from payment.events import events_of as of_payment
from schemas.examples import example as event_example
from shopkit import paging, relay, streams
from shopkit.api import Request, Response, endpoint
from shopkit.consumer import Delivery, consumer
from shopkit.dynamodb import to_item
from shopkit.idempotency import idempotency_key
from shopkit.problems import Problem
from shopkit.streams import Change, stream_consumer
from shopkit.task import OrderTask, task
from tests.support.inventory import MUG
from tests.support.orders import wanted
from tests.unit.order.orders import NOW, an_order

FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

# Times at both ends of the calendar, numbers that no integer or decimal takes, text that is no text, and depth.
TIMES = [
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
    "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00Z",
]
DEEP: Any = None
for _ in range(400):
    DEEP = [DEEP]
ODD = st.sampled_from(
    [
        *(
            *TIMES,
            "",
            "x",
            "\x00",
            "\ud800",
            "\ufffd",
            "9" * 5000,
            10**4000,
            -1,
            2**63,
            1e308,
            float("inf"),
            float("nan"),
        ),
        *(None, True, [], {}, [None], {"": None}, {"amount": 10**30, "currency": "USD"}, DEEP),
    ]
)
ODD_ATTRIBUTE = st.sampled_from(
    [{"S": text} for text in (*TIMES, "", "\ud800", "9" * 5000)]
    + [{"N": number} for number in ("Infinity", "-Infinity", "NaN", "sNaN", "1E+125", "9" * 60, "1e9999", "x", "")]
    + [{"B": "AA=="}, {"B": None}, {"NS": ["x"]}, {"NS": [[]]}, {"SS": 7}, {"L": 7}, {"M": []}, {"M": {"a": None}}]
    + [
        {"NULL": True},
        {"BOOL": "x"},
        {"?": 1},
        {},
        None,
        7,
        "x",
        [],
        {"S": None},
        {"L": [{"M": {"N": {"N": "Infinity"}}}]},
    ]
)


def places(node: Any) -> Iterator[tuple[Any, ...]]:
    """Every place of a document, the whole of it last."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        yield from ((key, *rest) for rest in places(value))
    yield ()


@st.composite
def spoiled(draw: st.DrawFn, documents: list[Any], odd: st.SearchStrategy[Any] = ODD) -> Any:
    """One of the documents, with one place replaced or removed."""
    document = deepcopy(draw(st.sampled_from(documents)))
    path = draw(st.sampled_from(list(places(document))))
    if not path:
        return draw(odd)
    node = document
    for step in path[:-1]:
        node = node[step]
    if draw(st.booleans()) and isinstance(node, dict):
        del node[path[-1]]
    else:
        node[path[-1]] = draw(odd)
    return document


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was set aside."""
    kept: list[dict[str, Any]] = []

    class Queue:
        def send_message(self, **message: str) -> None:
            assert len(message["MessageBody"]) <= 1024 * 1024
            kept.append(json.loads(message["MessageBody"]))

    monkeypatch.setenv("FAILURE_QUEUE_URL", "failures")
    monkeypatch.setattr(streams, "client", lambda _service: Queue())
    return kept


# ── The shared type ───────────────────────────────────────────────────────────────────────────────────────────────────


class At(Value):
    at: Timestamp


@given(
    st.datetimes(timezones=st.timezones())
    | st.datetimes()
    | st.sampled_from(TIMES)
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
)
@example("0001-01-01T00:00:00+00:01")
@example("9999-12-31T23:59:59-00:01")
def test_a_time_is_in_utc_or_is_refused(value: Any) -> None:
    try:
        read = At(at=value)
    except ValidationError:
        return
    assert read.at.tzinfo is UTC
    assert At.model_validate(read.model_dump(mode="json")) == read


# ── Streams of tables ─────────────────────────────────────────────────────────────────────────────────────────────────

PRODUCT = Product.model_validate(
    {
        **MUG,
        "sku": "MUG",
        "version": 1,
        "updated_at": NOW,
        "available": 1,
        "reserved": 0,
        "stock_version": 0,
        "stock_updated_at": NOW,
    }
)
RESERVATION = Reservation.model_validate(
    {
        "order_id": "ord_1",
        "status": "RESERVED",
        "lines": [{"sku": "MUG", "quantity": 1}],
        "version": 1,
        "updated_at": NOW,
    }
)
PAYMENT = Payment.model_validate(
    {
        "order_id": "ord_1",
        "status": "AUTHORIZED",
        "amount": {"amount": 5, "currency": "USD"},
        "payment_method": "pm_visa",
        "intents": {"authorize": NOW},
        "answers": {"authorize": {"approved": True, "at": NOW}},
        "updated_at": NOW,
        "version": 1,
    }
)
NOTIFICATION = Notification(
    channel="email",
    event_id=UUID("5f0c8a5e-8f2b-5d52-9d7e-0c1a6f0e7b11"),
    type="OrderPlaced",
    entity_version=1,
    order_id="ord_1",
    customer_id="customer-a",
    status=Status.SENT,
    at=NOW,
    version=1,
)
ROWS: dict[str, tuple[Callable[..., Any], list[dict[str, Any]]]] = {
    "order": (of_order, [order_row(an_order(), 1), order_row(an_order(status="CONFIRMED", version=2), 2)]),
    "inventory": (
        of_inventory,
        [
            {"pk": "product#MUG", **PRODUCT.model_dump(mode="json")},
            {"pk": "reservation#ord_1", **RESERVATION.model_dump(mode="json")},
        ],
    ),
    "payment": (of_payment, [{"pk": "payment#ord_1", **PAYMENT.model_dump(mode="json", exclude_none=True)}]),
    "notify": (of_notify, [notification_row(NOTIFICATION)]),
}


def changed(new: Any, number: int = 1, **more: Any) -> dict[str, Any]:
    return {"eventName": "MODIFY", "dynamodb": {"SequenceNumber": str(number), "NewImage": new, **more}}


@pytest.mark.parametrize("service", ROWS)
def test_a_row_that_no_event_can_be_made_of_is_set_aside_alone(
    service: str, kept: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    events_of, rows = ROWS[service]
    good = to_item(rows[0])
    published: list[Any] = []
    monkeypatch.setattr(relay, "publish", published.extend)

    @FUZZ
    @given(
        spoiled([changed(to_item(row), 2, **old) for row in rows for old in ({}, {"OldImage": good})], ODD_ATTRIBUTE)
    )
    def whatever_is_in_the_record(record: Any) -> None:
        if not isinstance(record, dict):
            return  # Lambda hands over records
        published.clear()
        kept.clear()
        batch = [changed(good, 1), record, changed(good, 3)]
        assert relay.relay(events_of)({"Records": batch}, None) == {"batchItemFailures": []}
        assert len(published) >= 2, "its neighbours were not published"
        assert [each["record"] for each in kept] in ([], [json.loads(json.dumps(record))])

    whatever_is_in_the_record()


def test_an_order_s_row_that_inventory_cannot_read_is_set_aside_alone(
    kept: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[str] = []
    monkeypatch.setattr(inventory_store, "follow", lambda order_id, _rule: followed.append(order_id))
    good = to_item(order_row(an_order(), 1))

    @FUZZ
    @given(spoiled([changed(good, 2), changed(good, 2, OldImage=good)], ODD_ATTRIBUTE))
    def whatever_is_in_the_record(record: Any) -> None:
        if not isinstance(record, dict):
            return
        followed.clear()
        kept.clear()
        answer = sync.handler({"Records": [changed(good, 1), record, changed(good, 3)]}, None)
        assert answer == {"batchItemFailures": []}
        assert len(followed) + len(kept) in {2, 3}  # what has no status is no order, and nobody's business
        assert not any("Example Street" in json.dumps(each) for each in kept)

    whatever_is_in_the_record()


@FUZZ
@given(
    st.sampled_from(
        [OverflowError(), RecursionError(), ZeroDivisionError(), KeyError("x"), TypeError(), AttributeError()]
    )
)
def test_a_failure_while_a_change_is_applied_is_retried_and_not_taken_for_poison(failure: Exception) -> None:
    """Only reading is forgiven: a fault of the code must not empty a stream into the failure queue."""

    def apply(_change: Change) -> None:
        raise failure

    assert stream_consumer(apply)({"Records": [changed({}, 7)]}, None) == {
        "batchItemFailures": [{"itemIdentifier": "7"}]
    }


# ── Kinesis and Kafka ─────────────────────────────────────────────────────────────────────────────────────────────────

CLICK = {"event_id": "e1", "session_id": "s1", "type": "view", "sku": "tea", "at": "2024-05-17T10:05:00Z"}
RAW = st.binary(max_size=40) | st.sampled_from(
    [b"[" * 100_000, b"\xff", b"9" * 5000, b"NaN", b'"\\ud800"', b"\xef\xbb\xbf{}"]
)


def encoded(document: Any) -> str:
    return base64.b64encode(document if isinstance(document, bytes) else json.dumps(document).encode()).decode()


def kinesis(data: Any, number: int = 1, at: Any = 1_715_940_300.5) -> dict[str, Any]:
    place = {"data": data, "sequenceNumber": str(number), "approximateArrivalTimestamp": at}
    return {"eventID": f"shardId-000000000000:{number}", "kinesis": place}


def test_what_is_no_click_is_set_aside_alone(kept: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []

    def count(_place: Place, brought: Mapping[str, Any]) -> None:
        counted.extend(brought)

    monkeypatch.setattr(clicks_store, "claim", lambda _session, brought: brought)
    monkeypatch.setattr(clicks_store, "count", count)
    arrival = st.sampled_from(
        [1e300, -1e300, float("inf"), float("nan"), 2**63, -62135596800, 253402300799.999, "now", None, 10**400]
    )
    records = (
        st.builds(lambda document: kinesis(encoded(document), 2), spoiled([CLICK]) | RAW)
        | st.builds(lambda at: kinesis(encoded(CLICK), 2, at), arrival)
        | st.builds(lambda data: kinesis(data, 2), ODD)
    )

    @FUZZ
    @given(records)
    def whatever_is_in_the_record(record: dict[str, Any]) -> None:
        counted.clear()
        kept.clear()
        answer = aggregate.handler({"Records": [kinesis(encoded(CLICK), 1), record, kinesis(encoded(CLICK), 3)]}, None)
        assert answer == {"batchItemFailures": []}
        assert len(counted) + len(kept) == 3
        assert len(counted) >= 2

    whatever_is_in_the_record()


def test_a_record_of_the_topic_that_is_no_event_is_set_aside_alone(
    kept: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    sold: list[str] = []

    def sell(order_id: str, *_: Any) -> bool:
        sold.append(order_id)
        return True

    for effect in ("sell", "withdraw"):
        monkeypatch.setattr(sales_store, effect, sell)
    good = event_example(OrderConfirmed).as_published()
    published = [good, event_example(OrderCancelled).as_published()]

    def record(value: Any, offset: int) -> dict[str, Any]:
        return {"topic": "orders", "partition": 0, "offset": offset, "value": value}

    @FUZZ
    @given(st.builds(encoded, spoiled(published) | RAW) | ODD)
    @example(encoded({**good, "detail": {**good["detail"], "occurred_at": TIMES[0]}}))
    def whatever_is_in_the_record(value: Any) -> None:
        sold.clear()
        kept.clear()
        batch = [record(encoded(good), 1), record(value, 2), record(encoded(good), 3)]
        count_sales.handler({"records": {"orders-0": batch}}, None)
        assert sold.count(good["detail"]["data"]["order_id"]) >= 2
        assert len(sold) + len(kept) in {2, 3}  # another kind of event is none of its business

    whatever_is_in_the_record()


def test_a_record_that_no_queue_takes_is_set_aside_as_far_as_it_fits(kept: list[dict[str, Any]]) -> None:
    """A topic takes a megabyte, which is more than that in Base64."""
    count_sales.handler(
        {"records": {"orders-0": [{"topic": "orders", "partition": 0, "offset": 7, "value": encoded(b"x" * 2**20)}]}},
        None,
    )
    (letter,) = kept
    assert (letter["record"]["topic"], letter["record"]["offset"]) == ("orders", 7)


# ── Queues ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_message_that_cannot_be_read_goes_back_alone() -> None:
    """As EventBridge and the order-updates topic deliver: both put the event itself into the body."""
    seen: list[Delivery] = []
    handler = consumer(*EVENTS)(seen.append)
    published = [event_example(event).as_published() for event in EVENTS]

    def message(body: str, number: int) -> dict[str, Any]:
        return {
            "messageId": str(number),
            "body": body,
            "attributes": {"ApproximateReceiveCount": "1"},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:queue",
        }

    wrapped = st.builds(
        lambda inner: json.dumps({"Type": "Notification", "Message": json.dumps(inner)}), spoiled(published)
    )

    @FUZZ
    @given(st.builds(json.dumps, spoiled(published)) | wrapped | st.text(max_size=40) | st.just("[" * 100_000))
    def whatever_is_in_the_body(body: str) -> None:
        seen.clear()
        good = json.dumps(published[0])
        answer = handler({"Records": [message(good, 0), message(body, 1), message(good, 2)]}, None)
        failed = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        assert failed in ([], ["1"])
        assert len(seen) == 3 - len(failed)

    whatever_is_in_the_body()


@FUZZ
@given(spoiled([event_example(event).as_published() for event in EVENTS]))
def test_what_is_no_event_is_refused_as_documented(published: Any) -> None:
    with suppress(UnknownVersion, ValidationError, KeyError, TypeError):
        opened(published, *EVENTS)


# ── The front door ────────────────────────────────────────────────────────────────────────────────────────────────────

BODIES: dict[type[Any], Any] = {
    OrderRequest: wanted(),
    ProductRequest: MUG,
    RestockRequest: {"quantity": 1},
    Review: {"decision": "approve", "note": "fine"},
    PostedClicks: {"events": [CLICK, CLICK]},
}


@pytest.mark.parametrize("model", BODIES)
def test_no_body_is_the_shop_s_failure(model: type[Any]) -> None:
    @endpoint
    def take(request: Request) -> Response:
        return Response(HTTPStatus.OK, request.body(model).model_dump(mode="json"))

    texts = st.builds(json.dumps, spoiled([BODIES[model]])) | st.text(max_size=60)

    @FUZZ
    @given(texts | st.builds(lambda raw: raw.decode("utf-8", "replace"), RAW), st.booleans())
    def whatever_is_sent(text: str, in_base64: bool) -> None:
        raw = text.encode("utf-8", "surrogatepass")
        event = {
            "headers": {"Content-Type": "application/json"},
            "body": base64.b64encode(raw).decode() if in_base64 else text,
            "isBase64Encoded": in_base64,
        }
        answer = take(event, None)
        assert answer["statusCode"] in {200, 400, 413}
        answer["body"].encode()

    whatever_is_sent()


HEADER = st.text(max_size=30) | st.sampled_from(
    ["application/json", "application/json;charset", ";;=", '"', "\x00", "\ud800"]
)


@FUZZ
@given(
    st.dictionaries(st.sampled_from(["Content-Type", "content-encoding", "Idempotency-Key", "X"]), HEADER),
    st.dictionaries(st.sampled_from(["limit", "cursor", "minutes"]), st.text(max_size=40)),
    st.dictionaries(st.sampled_from(["Host", "idempotency-key", "Accept"]), st.lists(HEADER, max_size=3)),
)
def test_no_header_and_no_query_is_the_shop_s_failure(
    headers: dict[str, str], query: dict[str, str], repeated: dict[str, list[str]]
) -> None:
    @endpoint
    def take(request: Request) -> Response:
        paging.page_request(request.query, positions=2)
        idempotency_key(request.headers)
        request.body(RestockRequest)
        return Response(HTTPStatus.OK, {})

    event = {
        "headers": headers,
        "queryStringParameters": query,
        "multiValueHeaders": repeated,
        "body": '{"quantity": 1}',
    }
    assert take(event, None)["statusCode"] in {200, 400, 415}


@FUZZ
@given(st.text(max_size=80) | st.builds(lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="), RAW))
def test_a_cursor_is_a_position_or_is_refused(cursor: str) -> None:
    with suppress(Problem):
        asked = paging.page_request({"cursor": cursor}, positions=2)
        assert asked.after is not None
        assert len(asked.after) == 2


# ── Step Functions ────────────────────────────────────────────────────────────────────────────────────────────────────


TASKS: dict[type[OrderTask], Any] = {
    OrderTask: {"order_id": "ord_1"},
    GoodsWanted: {"order_id": "ord_1", "lines": [{"sku": "MUG", "quantity": 1}]},
    Authorization: {
        "order_id": "ord_1",
        "amount": {"amount": 5, "currency": "USD"},
        "payment_method": "pm_visa",
    },
    Rejection: {"order_id": "ord_1", "reason": "out_of_stock"},
    Wait: {"order_id": "ord_1", "execution": "arn:1", "token": "t"},
}


@pytest.mark.parametrize("model", TASKS)
def test_a_task_s_input_is_understood_or_refused(model: type[OrderTask]) -> None:
    """Checkout's catch-all leads to a rejection; what matters is that nothing was done before."""
    seen: list[OrderTask] = []
    handler = task(model)(seen.append)

    @FUZZ
    @given(spoiled([TASKS[model]]))
    def whatever_a_workflow_hands_over(given: Any) -> None:
        seen.clear()
        try:
            handler(given, None)
        except ValidationError:
            assert seen == []
        else:
            assert [type(each) for each in seen] == [model]

    whatever_a_workflow_hands_over()


def test_the_fuzz_has_the_values_that_once_blocked_a_shard() -> None:
    """Without the guard of the shared type each of these would be an OverflowError, which is no refusal."""
    for text in TIMES[:2]:
        with pytest.raises(OverflowError):
            datetime.fromisoformat(text).astimezone(UTC)
        with pytest.raises(ValueError, match="outside the years"):
            At.model_validate({"at": text})
    assert list(stream.arrived(kinesis(encoded(CLICK))).sessions) == ["s1"]
