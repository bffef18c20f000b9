"""A row that is no product costs no other product anything."""

from typing import Any

import pytest

from shopkit.aws import client
from shopkit.dynamodb import from_item, to_item
from tests.support.inventory import MUG, Inventory

WRONG: list[dict[str, Any]] = [
    {"price": {"amount": "much", "currency": "USD"}},
    {"price": None},
    {"available": "some"},
    {"updated_at": "0001-01-01T00:00:00+00:01"},
    {"name": ["Mug"]},
]


def spoil(sku: str, **wrong: Any) -> None:
    """Writes past the service; None removes."""
    dynamodb = client("dynamodb")
    (table,) = dynamodb.list_tables()["TableNames"]
    row = from_item(dynamodb.get_item(TableName=table, Key={"pk": {"S": f"product#{sku}"}})["Item"])
    dynamodb.put_item(TableName=table, Item=to_item({**row, **wrong}))


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_the_catalogue_shows_the_others(
    inventory: Inventory, wrong: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    inventory.stock(cup=1, mug=2, pot=3)
    spoil("mug", **wrong)
    answer = inventory.page()
    assert answer.status == 200
    assert [product["sku"] for product in answer.body["products"]] == ["cup", "pot"]
    assert "product#mug" in str([vars(record).get("row") for record in caplog.records])
    assert inventory.get("mug").status == 404
    assert inventory.get("cup").status == 200


def test_pages_go_on_behind_it(inventory: Inventory) -> None:
    inventory.stock(a=1, b=1, c=1, d=1, e=1)
    for sku in ("b", "c", "e"):
        spoil(sku, price=None)
    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = inventory.page(limit="1", **cursor)
        pages.append([product["sku"] for product in answer.body["products"]])
        if not answer.body["next_cursor"]:
            break
        cursor = {"cursor": answer.body["next_cursor"]}
    assert [page for page in pages if page] == [["a"], ["d"]]


def test_a_change_of_it_is_refused_with_a_reason(inventory: Inventory) -> None:
    inventory.stock(mug=2)
    spoil("mug", price=None)
    answers = [inventory.put("mug", {**MUG, "name": "Cup"}), inventory.restock("mug", {"quantity": 1})]
    assert [(answer.status, answer.body["type"]) for answer in answers] == [
        (409, "urn:cartwheel:problem:unreadable")
    ] * 2
