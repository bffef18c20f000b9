"""A row that is not of its form, however it came about, costs nobody else anything, and the log names it by its key."""

import json
from datetime import timedelta
from itertools import chain
from typing import Any

import pytest

from contracts.types import rfc3339
from order import catalogue, store
from shopkit.aws import client
from shopkit.dynamodb import from_item, to_item
from tests.support.api_gateway import ALICE, BOB, OPERATOR
from tests.support.orders import PRICES, START, Orders, deliver, updated, wanted

# What may be wrong with any of an order's attributes that no index needs.
WRONG: list[dict[str, Any]] = [
    {"status": "LOST"},
    {"total": {"amount": "much", "currency": "USD"}},
    {"total": None},
    {"lines": [{"sku": "MUG"}]},
    {"lines": "MUG"},
    {"shipping_address": {"name": "Secret Street 1"}},
    {"updated_at": "yesterday"},
    {"updated_at": "0001-01-01T00:00:00+00:01"},
    {"version": "first"},
    {"payment_method": b"\x00"},
    {"attention": {"reason": "lost"}},
]


def spoil(orders: Orders, order_id: str, **wrong: Any) -> None:
    """Writes past the service; None removes."""
    key = {"pk": {"S": store.key_of(order_id)}}
    row = from_item(client("dynamodb").get_item(TableName=orders.tables["Orders"], Key=key)["Item"])
    client("dynamodb").put_item(TableName=orders.tables["Orders"], Item=to_item({**row, **wrong}))


def listed(orders: Orders, **query: str) -> list[list[str]]:
    """The ids on each page, from the first to the last."""
    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = orders.page(**{"caller": ALICE, **query, **cursor})  # type: ignore[arg-type]
        assert answer.status == 200, answer.body
        pages.append([order["order_id"] for order in answer.body["orders"]])
        if not answer.body["next_cursor"]:
            return pages
        cursor = {"cursor": answer.body["next_cursor"]}


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_its_neighbours_are_still_listed(
    orders: Orders, wrong: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    first, spoilt, last = (orders.placed(key=key) for key in ("first", "spoilt", "last"))
    spoil(orders, spoilt, **wrong)
    assert sorted(chain(*listed(orders))) == sorted([first, last])
    assert {order["order_id"] for order in orders.page(OPERATOR).body["orders"]} == {first, last}
    assert orders.get(first).status == 200
    said = "".join(str(vars(record)) for record in caplog.records)
    assert f"order#{spoilt}" in said
    assert "Secret Street" not in said


def test_pages_go_on_behind_it(orders: Orders) -> None:
    placed = []
    for number in range(7):
        placed.append(orders.placed(key=f"key {number}"))
        orders.clock.forward(timedelta(seconds=1))
    for number in (1, 2, 6):
        spoil(orders, placed[number], status="LOST")
    found = list(chain(*listed(orders, limit="2")))
    assert found == [placed[number] for number in (5, 4, 3, 0)]


@pytest.mark.parametrize("placed_at", ["soon", "2026-03-01T12:00:00.500000Z\n", "x" * 900, "\x1b[2J", "ü" * 300])
def test_pages_go_on_behind_one_that_was_placed_at_no_time(orders: Orders, placed_at: str) -> None:
    placed = [orders.placed(key=f"key {number}") for number in range(3)]
    spoil(orders, placed[1], placed_at=placed_at)
    found = list(chain(*listed(orders, limit="1")))
    assert sorted(found) == sorted([placed[0], placed[2]])


def test_it_is_not_there_for_those_who_ask_for_it_by_name(orders: Orders) -> None:
    spoilt = orders.placed()
    spoil(orders, spoilt, total=None)
    for caller in (ALICE, BOB, OPERATOR):
        assert orders.get(spoilt, caller).status == 404
        assert orders.timeline(spoilt, caller).status == 404
        assert orders.cancel(spoilt, caller).status == 404
    assert orders.review(spoilt).status == 404


def test_its_key_buys_nothing_twice(orders: Orders) -> None:
    spoil(orders, orders.placed(key="mine"), total=None)
    answer = orders.place(key="mine")
    assert (answer.status, answer.body["type"]) == (409, "urn:cartwheel:problem:unreadable")


def test_the_reconciler_helps_the_others(orders: Orders) -> None:
    spoilt, other = orders.placed(key="spoilt"), orders.placed(key="other")
    spoil(orders, spoilt, lines="none")
    orders.clock.forward(timedelta(minutes=11))
    assert orders.reconcile() == {"restarted": 1, "rejected": 0}
    assert orders.order(other).restarts == 1


def test_of_a_replica_only_the_spoilt_product_cannot_be_ordered(orders: Orders) -> None:
    row = {"pk": "product#TEE", "sku": "TEE", "name": "Tee", "price": "free", "version": 1}
    client("dynamodb").put_item(TableName=orders.tables["Orders"], Item=to_item(row))
    assert set(orders.replica()) == set(PRICES) - {"TEE"}
    assert orders.place(wanted(("MUG", 1), ("TEE", 1))).body["errors"][0]["pointer"] == "/lines/1/sku"
    assert orders.place(wanted(("MUG", 1))).status == 201
    assert deliver(catalogue.handler, updated("TEE", 2900, 2)) == []
    assert orders.place(wanted(("TEE", 1)), key="mended").status == 201


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "OrderVanished"},
        {"type": None},
        {"data": {"order_id": "?"}},
        {"data": "none"},
        {"data": b"\x00"},
        {"occurred_at": "then"},
        {"event_id": "7"},
        {"version": 99},
    ],
    ids=str,
)
def test_a_timeline_leaves_out_what_is_no_event(orders: Orders, wrong: dict[str, Any]) -> None:
    order_id = orders.placed()
    orders.clock.forward(timedelta(seconds=1))
    orders.confirm(order_id)
    orders.tell_timeline(*orders.events())
    first = client("dynamodb").scan(TableName=orders.tables["Timeline"])["Items"][0]
    row = {**from_item(first), "at_event": f"{rfc3339(START - timedelta(days=1))}#spoilt", **wrong}
    client("dynamodb").put_item(TableName=orders.tables["Timeline"], Item=to_item(row))
    answer = orders.timeline(order_id)
    assert answer.status == 200
    assert [event["type"] for event in answer.body["events"]] == ["OrderPlaced", "OrderConfirmed"]
    json.dumps(answer.body)
