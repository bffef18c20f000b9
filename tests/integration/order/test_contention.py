"""A request that others keep getting in the way of: 503 `busy`, nothing decided, and the same request works later."""

from collections.abc import Callable
from typing import Any

import pytest

from order import store
from shopkit.aws import client
from tests.support.api_gateway import OPERATOR, Answer
from tests.support.orders import Orders, wanted

type Ask = Callable[[Orders, str], Answer]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopkit.backoff.time.sleep", lambda _seconds: None)


@pytest.mark.parametrize(
    ("ask", "held"),
    [
        (lambda orders, order_id: orders.cancel(order_id), False),
        (lambda orders, order_id: orders.cancel(order_id, OPERATOR), True),
        (lambda orders, order_id: orders.review(order_id), True),
        (lambda orders, order_id: orders.review(order_id, "reject"), True),
    ],
)
def test_an_order_that_never_rests_is_said_to_be_busy(
    orders: Orders, monkeypatch: pytest.MonkeyPatch, ask: Ask, held: bool
) -> None:
    order_id = orders.placed(wanted(("TEE", 99)) if held else None)
    dynamodb = client("dynamodb")
    put = dynamodb.put_item

    def raced(**item: Any) -> Any:
        monkeypatch.setattr(dynamodb, "put_item", put)
        store.change(order_id, lambda order: order.model_copy(update={"restarts": order.restarts + 1}))
        monkeypatch.setattr(dynamodb, "put_item", raced)
        return put(**item)

    if held:
        with pytest.raises(Exception, match=order_id):
            orders.hold(order_id)
    monkeypatch.setattr(dynamodb, "put_item", raced)
    answer = ask(orders, order_id)
    assert (answer.status, answer.body["type"]) == (503, "urn:cartwheel:problem:busy")
    assert answer.headers["Retry-After"] == "1"
    monkeypatch.setattr(dynamodb, "put_item", put)
    assert ask(orders, order_id).status == 202


def test_a_table_that_takes_no_more_is_busy_for_every_route(orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    order_id = orders.placed()
    dynamodb = client("dynamodb")
    error: Any = {"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "slow down"}}

    def throttled(*_args: Any, **_more: Any) -> Any:
        raise dynamodb.exceptions.ProvisionedThroughputExceededException(error, "any")

    for operation in ("get_item", "put_item", "query", "batch_get_item"):
        monkeypatch.setattr(dynamodb, operation, throttled)
    answers = [orders.place(key="2"), orders.page(), orders.get(order_id), orders.cancel(order_id)]
    answers += [orders.review(order_id), orders.timeline(order_id)]
    assert [(answer.status, answer.headers.get("Retry-After")) for answer in answers] == [(503, "1")] * 6


def test_a_cancellation_reads_its_order_once(orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    order_id = orders.placed()
    dynamodb = client("dynamodb")
    read = dynamodb.get_item
    reads: list[Any] = []

    def counted(**key: Any) -> Any:
        reads.append(key)
        return read(**key)

    monkeypatch.setattr(dynamodb, "get_item", counted)
    assert orders.cancel(order_id).status == 202
    assert len(reads) == 1
