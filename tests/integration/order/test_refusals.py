"""Requests that are refused, and leave nothing behind: scenarios 7, 26, 27, 28, 30 and 31."""

import json
from collections.abc import Iterator

import pytest

from shopkit.paging import next_cursor
from tests.support.api_gateway import ALICE, BOB
from tests.support.orders import Orders, orders_on_moto, wanted


@pytest.fixture(scope="module")
def service() -> Iterator[Orders]:
    with orders_on_moto() as service:
        yield service


@pytest.fixture
def orders(service: Orders) -> Iterator[Orders]:
    """The same for all, because nothing may be left of any of these requests."""
    yield service
    assert service.all() == []


@pytest.mark.parametrize("key", [None, "", '""', "x" * 256, "clé"])
def test_scenario_7_a_missing_or_malformed_key_is_400(orders: Orders, key: str | None) -> None:
    answer = orders.place(key=key)
    assert answer.status == 400
    assert answer.problem == ("idempotency-key-missing" if key is None else "idempotency-key-malformed")


@pytest.mark.parametrize(
    "quantity", ["0", "-1", "1.5", '"2"', "true", str(2**31), str(2**63), "1e400", "NaN", "1" * 5000]
)
def test_scenario_26_an_impossible_quantity_is_400(orders: Orders, quantity: str) -> None:
    body = json.dumps(wanted(("MUG", 7))).replace('"quantity": 7', f'"quantity": {quantity}')
    answer = orders.place(raw=body)
    assert answer.status == 400
    assert answer.problem in {"invalid-body", "malformed-json"}


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{",
        "null",
        "[]",
        '"lines"',
        "0",
        '{"lines": [], "lines": []}',
        "[" * 10_000,
        '{"lines":' * 5_000,
        json.dumps(wanted())[:-1],
        json.dumps({**wanted(), "lines": {"sku": "MUG", "quantity": 1}}),
        json.dumps({**wanted(), "lines": [["MUG", 1]]}),
        json.dumps({**wanted(), "shipping_address": "1 Example Street"}),
        json.dumps({**wanted(), "payment_method": ["pm_visa"]}),
    ],
)
def test_scenario_27_a_malformed_body_is_400(orders: Orders, raw: str) -> None:
    answer = orders.place(raw=raw)
    assert answer.status == 400
    assert answer.problem in {"invalid-body", "malformed-json"}


def test_scenario_28_a_body_over_the_limit_is_413(orders: Orders) -> None:
    lines = [(f"SKU-{number}", 1) for number in range(10_000)]
    assert orders.place(wanted(*lines)).status == 413


def test_scenario_28_more_lines_or_longer_strings_than_allowed_are_400(orders: Orders) -> None:
    assert orders.place(wanted(*[(f"S{number}", 1) for number in range(51)])).status == 400
    long = wanted()
    long["shipping_address"]["name"] = "x" * 201
    assert [error["pointer"] for error in orders.place(long).body["errors"]] == ["/shipping_address/name"]


def test_a_sku_in_two_lines_is_400_and_the_lines_are_pointed_to(orders: Orders) -> None:
    (error,) = orders.place(wanted(("MUG", 1), ("MUG", 2))).body["errors"]
    assert error == {"pointer": "/lines", "detail": "each sku may appear in one line only"}


@pytest.mark.parametrize("text", ["\\u0000", "a\\u0000b", "\\ud800", "\\udc00\\ud800"])
def test_scenario_31_text_that_cannot_be_kept_is_400(orders: Orders, text: str) -> None:
    raw = json.dumps(wanted()).replace("A Customer", text)
    assert orders.place(raw=raw).problem == "malformed-json"


@pytest.mark.parametrize("field", ["customer_id", "sub", "status", "total", "order_id", "reason"])
def test_scenario_30_nobody_orders_for_another_or_sets_what_the_shop_decides(orders: Orders, field: str) -> None:
    answer = orders.place(wanted(**{field: BOB.sub}))
    assert answer.status == 400
    assert [error["pointer"] for error in answer.body["errors"]] == [f"/{field}"]


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "ten"}, {"cursor": "x"}, {"cursor": next_cursor(["one"])}], ids=str
)
def test_a_bad_page_is_400(orders: Orders, query: dict[str, str]) -> None:
    assert orders.page(ALICE, **query).status == 400
