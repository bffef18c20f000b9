"""A function behind a queue of events: each message succeeds or fails by itself, or with its group."""

import json
from typing import Any

import pytest

from contracts.envelope import EventData
from contracts.inventory import ProductUpdated, StockLow
from contracts.order import OrderPlaced
from schemas.examples import example
from shopkit.consumer import Delivery, consumer
from shopkit.telemetry import logger
from tests.support.deliveries import returned, sqs_record

type Message = dict[str, Any]


class Recorder:
    """Fails for the bodies it is told to."""

    def __init__(self, *poison: int) -> None:
        self.poison = set(poison)
        self.seen: list[Delivery] = []

    def __call__(self, delivery: Delivery) -> None:
        if delivery.message.get("number") in self.poison:
            raise RuntimeError("poison")
        self.seen.append(delivery)

    @property
    def numbers(self) -> list[int]:
        return [delivery.message["number"] for delivery in self.seen]


def message(number: int, event: type[EventData] = ProductUpdated, **changes: Any) -> Message:
    published = example(event).as_published()
    return {**published, "number": number, "detail": {**published["detail"], **changes}}


def run(handler: Any, *bodies: Message | str, fifo_groups: str | None = None, attempt: int = 1) -> list[str]:
    records = [
        sqs_record(
            body if isinstance(body, str) else json.dumps(body),
            str(index),
            attempt=attempt,
            group=fifo_groups[index] if fifo_groups else None,
        )
        for index, body in enumerate(bodies)
    ]
    return returned(handler({"Records": records}, None))


def test_scenario_13_one_poison_message_fails_alone() -> None:
    consume = Recorder(4)
    assert run(consumer(ProductUpdated)(consume), *(message(number) for number in range(10))) == ["4"]
    assert consume.numbers == [0, 1, 2, 3, 5, 6, 7, 8, 9]


def test_a_batch_that_fails_as_a_whole_fails_message_by_message() -> None:
    assert run(consumer(ProductUpdated)(Recorder(0, 1)), message(0), message(1)) == ["0", "1"]


def test_a_fifo_queue_s_order_holds_within_each_group() -> None:
    """After the failure of one message of a group, the rest of that group must wait for it."""
    consume = Recorder(1)
    handler = consumer(ProductUpdated, fifo=True)(consume)
    assert run(handler, *(message(number) for number in range(6)), fifo_groups="aababa") == ["1", "3", "5"]
    assert consume.numbers == [0, 2, 4]


def test_a_failed_group_is_forgotten_by_the_next_batch() -> None:
    consume = Recorder(0)
    handler = consumer(ProductUpdated, fifo=True)(consume)
    assert run(handler, message(0), fifo_groups="a") == ["0"]
    consume.poison.clear()
    assert run(handler, message(0), message(1), fifo_groups="aa") == []
    assert consume.numbers == [0, 1]


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        "{}",
        "[]",
        "null",
        json.dumps(message(0, version=2)),
        json.dumps(message(0, data={})),
        json.dumps(message(0, event_id="not a uuid")),
        json.dumps(message(0, StockLow)),
        json.dumps({**message(0), "detail": None}),
    ],
    ids=["no JSON", "empty", "list", "null", "version", "data", "id", "not subscribed", "no detail"],
)
def test_scenario_32_what_a_consumer_cannot_read_goes_back_and_at_last_to_the_dead_letters(body: str) -> None:
    consume = Recorder()
    assert run(consumer(ProductUpdated)(consume), body, message(1)) == ["0"]
    assert consume.numbers == [1]


def test_scenario_32_what_a_producer_adds_is_ignored() -> None:
    consume = Recorder()
    added = message(0)
    added["detail"]["added"] = added["detail"]["data"]["added"] = {"later": 1}
    assert run(consumer(ProductUpdated)(consume), added) == []
    assert consume.seen[0].event == example(ProductUpdated)


def test_a_delivery_tells_the_typed_event_and_the_attempt() -> None:
    consume = Recorder()
    run(consumer(ProductUpdated, OrderPlaced)(consume), message(0, OrderPlaced), attempt=3)
    (delivery,) = consume.seen
    assert isinstance(delivery.event.data, OrderPlaced)
    assert delivery.event == example(OrderPlaced)
    assert delivery.attempt == 3


def test_what_fails_is_said_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch processor itself says nothing, and a dead letter does not tell why it is one."""
    said: list[dict[str, Any]] = []
    monkeypatch.setattr(logger, "exception", lambda _, **fields: said.append(fields))
    run(consumer(ProductUpdated)(Recorder(1)), message(0), message(1), "no JSON", attempt=3)
    assert said == [{"message_id": "1", "attempt": 3}, {"message_id": "2", "attempt": 3}]
