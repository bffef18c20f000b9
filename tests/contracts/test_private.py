"""What people have told the shop stays out of logs and out of failure queues."""

import importlib
import json
import logging
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from contracts.events import EVENTS
from contracts.orders_stream import OrderImage
from contracts.types import Money, Strict, Timestamp
from inventory import store, sync
from notify import relay as notify_relay
from notify.domain import Mail, Notification, Status
from notify.store import row_of as notification_row
from order import relay as order_relay
from order.domain import Order, OrderRequest
from order.store import row_of
from schemas.examples import example
from shopkit import relay, streams
from shopkit.consumer import consumer
from shopkit.dynamodb import from_item, to_item
from tests.support.orders import wanted
from tests.unit.order.orders import NOW, an_order
from tools.expand import ROOT

SECRET = "7 Private Lane"


def modules() -> Iterator[Any]:
    """Everything that Lambda runs."""
    for source in (ROOT / "layer", *sorted((ROOT / "services").glob("*/src"))):
        for found in pkgutil.walk_packages([str(source)]):
            yield importlib.import_module(found.name)


def models() -> list[type[BaseModel]]:
    ours = {module.__name__.partition(".")[0] for module in modules()}
    todo, found = [BaseModel], list[type[BaseModel]]()
    while todo:
        subclasses = todo.pop().__subclasses__()
        todo += subclasses
        found += [each for each in subclasses if each.__module__.partition(".")[0] in ours]
    return found


def test_no_model_quotes_its_input_in_errors() -> None:
    """Errors are logged and set aside, and an order's row holds an address."""
    assert {Money, Order, OrderRequest, Notification, Strict} <= set(models())
    assert not [each for each in models() if not each.model_config.get("hide_input_in_errors")]


def test_nothing_is_validated_but_by_models() -> None:
    """A TypeAdapter, a dataclass or a call of pydantic's has a configuration of its own."""
    others = ("TypeAdapter", "validate_call", "pydantic.dataclasses", "create_model", "RootModel")
    sources = [Path(module.__file__) for module in modules()]
    assert not [path for path in sources for other in others if other in path.read_text()]


@pytest.mark.parametrize("model", [OrderRequest, Order, OrderImage, *EVENTS], ids=lambda model: model.__name__)
def test_an_error_says_what_is_wrong_and_not_what_was_sent(model: type[BaseModel]) -> None:
    document = dict.fromkeys(model.model_fields, SECRET) | {
        "shipping_address": {**wanted()["shipping_address"], "country": SECRET}
    }
    for refused in (document, SECRET, [SECRET]):
        with pytest.raises(ValidationError) as error:
            model.model_validate(refused)
        assert SECRET not in str(error.value)


class Queue:
    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []

    def send_message(self, **message: str) -> None:
        self.kept.append(json.loads(message["MessageBody"]))


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    queue = Queue()
    monkeypatch.setenv("FAILURE_QUEUE_URL", "failures")
    monkeypatch.setattr(streams, "client", lambda _service: queue)
    return queue


def private_row(**changes: Any) -> dict[str, Any]:
    row = row_of(an_order(shipping_address={**wanted()["shipping_address"], "line1": SECRET, "line2": None}), 1)
    return {**row, **changes}


MAIL = Mail(message_id="<1@cartwheel.invalid>", to="ada@example.com", subject=SECRET, text=SECRET, html=SECRET)
TOLD = Notification(
    channel="email",
    event_id=example(EVENTS[0]).event_id,
    type="OrderPlaced",
    entity_version=1,
    order_id="ord_1",
    customer_id="customer-a",
    status=Status.SENT,
    mail=MAIL,
    at=NOW,
    version=1,
)
READERS: dict[str, tuple[Callable[..., Any], dict[str, Any], str]] = {
    "inventory": (sync.handler, private_row(), "status"),
    "order": (order_relay.handler, private_row(), "placed_at"),
    "notify": (notify_relay.handler, notification_row(TOLD), "at"),
}


@pytest.mark.parametrize("reader", READERS)
def test_what_a_stream_s_reader_sets_aside_holds_what_it_reads_and_no_address(
    reader: str, queue: Queue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And it can be redriven: the reader needs no more, once it understands it."""
    handler, row, spoilt = READERS[reader]
    done: list[Any] = []
    monkeypatch.setattr(relay, "publish", done.extend)
    monkeypatch.setattr(store, "follow", lambda order_id, _rule: done.append(order_id))

    def record(row: dict[str, Any]) -> dict[str, Any]:
        change = {"SequenceNumber": "7", "Keys": to_item({"pk": row["pk"]}), "NewImage": to_item(row)}
        return {
            "eventName": "INSERT",
            "eventSourceARN": "arn:stream",
            "dynamodb": {**change, "OldImage": to_item({"pk": row["pk"], "version": 0}) if reader == "notify" else {}},
        }

    with caplog.at_level(logging.DEBUG):
        assert handler({"Records": [record({**row, spoilt: "EATEN"})]}, None) == {"batchItemFailures": []}
    (letter,) = queue.kept
    assert done == []
    for private in (SECRET, "ada@example.com", "A Customer"):
        assert private not in json.dumps(letter) + caplog.text
    assert letter["record"]["dynamodb"]["Keys"] == {"pk": {"S": row["pk"]}}
    assert letter["record"]["eventSourceARN"] == "arn:stream"

    image = letter["record"]["dynamodb"]["NewImage"]
    assert from_item(image)[spoilt] == "EATEN"
    image[spoilt] = {"S": row[spoilt]}  # as if the reader had been corrected
    assert handler({"Records": [letter["record"]]}, None) == {"batchItemFailures": []}
    assert len(done) == 1
    assert len(queue.kept) == 1


def test_a_message_that_cannot_be_read_is_logged_without_what_it_says(caplog: pytest.LogCaptureFixture) -> None:
    handler = consumer(*EVENTS)(lambda _delivery: None)
    published = example(EVENTS[0]).as_published()
    published["detail"]["data"] = dict.fromkeys(published["detail"]["data"], SECRET)
    record = {
        "messageId": "1",
        "body": json.dumps(published),
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:queue",
    }
    with caplog.at_level(logging.DEBUG):
        assert handler({"Records": [record]}, None)["batchItemFailures"]
    assert "ValidationError" in caplog.text
    assert SECRET not in caplog.text


def test_a_time_out_of_the_calendar_is_refused_without_being_quoted() -> None:
    class At(Strict):
        at: Timestamp

    with pytest.raises(ValidationError) as error:
        At.model_validate_json('{"at": "0001-01-01T00:00:00+00:01"}')
    assert "0001" not in str(error.value)
