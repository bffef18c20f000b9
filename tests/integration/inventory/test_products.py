"""The catalogue and its restocking, as operators and buyers meet them at the front door."""

import json
from typing import Any

import pytest

from tests.integration.inventory.conftest import Before, conflict, single_conflict
from tests.support.api_gateway import ALICE, Caller
from tests.support.inventory import MUG, Inventory

BAD_NUMBERS = ["0", "-1", "1.5", '"2"', "true", "null", str(2**31), str(2**63), "1e400", "-1e400", "NaN", "1" * 5000]
BAD_DOCUMENTS = [
    "",
    "{",
    "[]",
    "null",
    '"mug"',
    "{'quantity': 1}",
    '{"quantity": 1, "quantity": 2}',
    '{"quantity": Infinity}',
    "[" * 20_000,
    '{"quantity": ' + "[" * 500 + "]" * 500 + "}",
    '{"quantity": 1, "\\ud800": 1}',
]


class TestUpsert:
    def test_a_product_is_created_then_changed_then_left_as_it_is(self, inventory: Inventory) -> None:
        created = inventory.put("mug")
        assert (created.status, created.body) == (201, {"sku": "mug", **MUG, "available": 0, "version": 1})
        changed = inventory.put("mug", {**MUG, "name": "Big mug"})
        assert (changed.status, changed.body["name"], changed.body["version"]) == (200, "Big mug", 2)
        again = inventory.put("mug", {**MUG, "name": "Big mug"})
        assert (again.status, again.body["version"]) == (200, 2)
        assert [event.type for event in inventory.events()] == ["ProductUpdated", "ProductUpdated"]

    def test_a_change_leaves_the_stock_alone_even_when_it_moves_meanwhile(
        self, inventory: Inventory, before: Before
    ) -> None:
        inventory.stock(mug=5)
        before("UpdateItem", lambda: inventory.reserve("ord_1", mug=2) and None)
        assert inventory.put("mug", {**MUG, "name": "Cup"}).status == 200
        product = inventory.product("mug")
        assert (product.name, product.available, product.reserved) == ("Cup", 3, 2)

    def test_of_two_operators_at_once_the_later_one_builds_on_the_earlier(
        self, inventory: Inventory, before: Before, pauses: list[float]
    ) -> None:
        inventory.put("mug")
        before("UpdateItem", lambda: inventory.put("mug", {**MUG, "name": "Theirs"}) and None)
        assert inventory.put("mug", {**MUG, "name": "Ours"}).body["version"] == 3
        assert inventory.product("mug").name == "Ours"
        assert len(pauses) == 1

    def test_two_operators_create_the_same_product_at_once(
        self, inventory: Inventory, before: Before, pauses: list[float]
    ) -> None:
        before("PutItem", lambda: inventory.put("mug") and None)
        answer = inventory.put("mug", {**MUG, "name": "Ours"})
        assert (answer.status, answer.body["version"]) == (200, 2)
        assert len(pauses) == 1

    def test_buyers_in_its_way_are_waited_for(self, inventory: Inventory, before: Before, pauses: list[float]) -> None:
        inventory.put("mug")
        before("UpdateItem", single_conflict)
        assert inventory.put("mug", {**MUG, "name": "Cup"}).status == 200
        assert len(pauses) == 1

    def test_an_entry_that_never_rests_is_said_to_be_busy(
        self, inventory: Inventory, before: Before, pauses: list[float]
    ) -> None:
        inventory.put("mug")
        for _ in range(8):
            before("UpdateItem", single_conflict)
        answer = inventory.put("mug", {**MUG, "name": "Cup"})
        assert (answer.status, answer.body["type"]) == (503, "urn:cartwheel:problem:busy")
        assert answer.headers["Retry-After"] == "1"

    @pytest.mark.parametrize("sku", ["-mug", "m ug", "müg", "m" * 65, "m" * 3000, "mug\n"])
    def test_a_name_that_is_no_sku_is_refused(self, inventory: Inventory, sku: str) -> None:
        answer = inventory.put(sku)
        assert (answer.status, answer.body["type"]) == (400, "urn:cartwheel:problem:invalid-sku")

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"name": ""}, "/name"),
            ({"name": "x" * 201}, "/name"),
            ({"description": "x" * 2001}, "/description"),
            ({"description": None}, "/description"),
            ({"price": {"amount": -1, "currency": "USD"}}, "/price/amount"),
            ({"price": {"amount": 1_000_000_001, "currency": "USD"}}, "/price/amount"),
            ({"price": {"amount": 0, "currency": "USD"}}, "/price/amount"),
            ({"price": {"amount": 1.0, "currency": "USD"}}, "/price/amount"),
            ({"price": {"amount": True, "currency": "USD"}}, "/price/amount"),
            ({"price": {"amount": 1, "currency": "EUR"}}, "/price/currency"),
            ({"price": {"amount": 1, "currency": "USD", "tax": 1}}, "/price/tax"),
            ({"price": 1450}, "/price"),
            ({"image": "javascript:alert(1)"}, "/image"),
            ({"available": 100}, "/available"),
            ({"sku": "other"}, "/sku"),
        ],
    )
    def test_what_is_wrong_with_an_entry_is_pointed_at(
        self, inventory: Inventory, change: dict[str, Any], pointer: str
    ) -> None:
        answer = inventory.put("mug", {**MUG, **change})
        assert answer.status == 400
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert [error["pointer"] for error in answer.body["errors"]] == [pointer]
        assert inventory.rows() == []

    @pytest.mark.parametrize("name", ["Tasse à café ☕️", "כוס", "e\u0301", "\u00e9", "<b>Mug</b>"])
    def test_names_come_back_as_they_were_given(self, inventory: Inventory, name: str) -> None:
        inventory.put("mug", {**MUG, "name": name})
        assert inventory.get("mug").body["name"] == name

    @pytest.mark.parametrize("escape", ["\\u0000", "\\ud800"])
    def test_text_that_is_no_text_is_refused(self, inventory: Inventory, escape: str) -> None:
        assert inventory.put("mug", json.dumps(MUG).replace("Mug", escape)).status == 400

    def test_it_is_for_operators(self, inventory: Inventory) -> None:
        assert inventory.put("mug", caller=ALICE).status == 403
        assert inventory.rows() == []


class TestRestock:
    def test_units_that_came_in_are_available(self, inventory: Inventory) -> None:
        inventory.stock(mug=5)
        answer = inventory.restock("mug", {"quantity": 7})
        assert (answer.status, answer.body) == (200, {"sku": "mug", **MUG, "available": 12, "version": 1})
        assert "Idempotency-Replayed" not in answer.headers
        assert inventory.books("mug").restocked == 12

    def test_a_repeat_gets_the_same_answer_whatever_happened_since(self, inventory: Inventory) -> None:
        inventory.stock(mug=5)
        first = inventory.restock("mug", {"quantity": 7})
        inventory.reserve("ord_1", mug=4)
        inventory.put("mug", {**MUG, "name": "Cup"})
        again = inventory.restock("mug", '{ "quantity":7 }', key='"key-1"')
        assert (again.status, again.body) == (first.status, first.body)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert inventory.books("mug").restocked == 12
        assert inventory.books("mug").balanced

    def test_the_key_with_another_quantity_is_refused(self, inventory: Inventory) -> None:
        inventory.stock(mug=5)
        inventory.restock("mug", {"quantity": 7})
        assert inventory.restock("mug", {"quantity": 8}).status == 422
        assert inventory.product("mug").available == 12

    def test_the_key_is_the_operators_and_the_products(self, inventory: Inventory) -> None:
        inventory.stock(mug=0 + 1, pot=1)
        for sku, operator in (("mug", "ann"), ("mug", "bob"), ("pot", "ann")):
            answer = inventory.restock(sku, {"quantity": 1}, caller=Caller(operator, operator=True))
            assert "Idempotency-Replayed" not in answer.headers
        assert (inventory.product("mug").available, inventory.product("pot").available) == (3, 2)

    def test_the_same_request_twice_at_once_books_once(
        self, inventory: Inventory, before: Before, pauses: list[float]
    ) -> None:
        inventory.stock(mug=5)
        before("TransactWriteItems", lambda: inventory.restock("mug", {"quantity": 7}) and None)
        answer = inventory.restock("mug", {"quantity": 7})
        assert (answer.body["available"], answer.headers["Idempotency-Replayed"]) == (12, "true")
        assert inventory.books("mug").restocked == 12

    def test_the_answer_counts_what_was_sold_meanwhile(
        self, inventory: Inventory, before: Before, pauses: list[float]
    ) -> None:
        inventory.stock(mug=5)
        before("TransactWriteItems", lambda: inventory.reserve("ord_1", mug=2) and None)
        assert inventory.restock("mug", {"quantity": 7}).body["available"] == 10
        assert inventory.books("mug").balanced
        assert len(pauses) == 1

    def test_stock_that_never_rests_is_said_to_be_busy(
        self, inventory: Inventory, before: Before, pauses: list[float]
    ) -> None:
        inventory.stock(mug=5)
        for _ in range(8):
            before("TransactWriteItems", lambda: conflict("None", "TransactionConflict"))
        answer = inventory.restock("mug", {"quantity": 7})
        assert (answer.status, answer.body["type"]) == (503, "urn:cartwheel:problem:busy")
        assert answer.headers["Retry-After"] == "1"
        assert inventory.product("mug").available == 5
        assert len(pauses) == 7

    def test_there_must_be_such_a_product(self, inventory: Inventory) -> None:
        for sku in ("mug", "m ug", "m" * 3000):
            assert inventory.restock(sku, {"quantity": 1}).status == 404
        assert inventory.rows() == []

    @pytest.mark.parametrize("key", [None, "", '""', "x" * 256, "clé", "a\nb"])
    def test_a_usable_key_is_required(self, inventory: Inventory, key: str | None) -> None:
        inventory.stock(mug=5)
        assert inventory.restock("mug", {"quantity": 1}, key=key).status == 400

    @pytest.mark.parametrize("number", [*BAD_NUMBERS, "1000001"])
    def test_a_quantity_is_a_whole_number_from_one_to_a_million(self, inventory: Inventory, number: str) -> None:
        inventory.stock(mug=5)
        assert inventory.restock("mug", f'{{"quantity": {number}}}').status == 400
        assert inventory.product("mug").available == 5
        assert inventory.books("mug").restocked == 5

    @pytest.mark.parametrize("document", BAD_DOCUMENTS)
    def test_what_is_no_such_document_is_refused(self, inventory: Inventory, document: str) -> None:
        inventory.stock(mug=5)
        answer = inventory.restock("mug", document)
        assert (answer.status, answer.headers["Content-Type"]) == (400, "application/problem+json")

    def test_a_body_has_its_limits(self, inventory: Inventory) -> None:
        inventory.stock(mug=5)
        assert inventory.restock("mug", '{"quantity": 1}' + " " * 70_000).status == 413

    def test_it_is_for_operators(self, inventory: Inventory) -> None:
        inventory.stock(mug=5)
        assert inventory.restock("mug", {"quantity": 1}, caller=ALICE).status == 403


class TestReading:
    def test_pages_hold_every_product_once_in_order_of_sku(self, inventory: Inventory) -> None:
        skus = [f"sku-{number:02}" for number in range(7)]
        for sku in reversed(skus):
            inventory.put(sku)
        inventory.restock("sku-03", {"quantity": 5})
        inventory.reserve("ord_1", **{"sku-03": 2})
        seen: list[dict[str, Any]] = []
        query = {"limit": "3"}
        while True:
            page = inventory.page(**query)
            assert page.status == 200
            seen += page.body["products"]
            if page.body["next_cursor"] is None:
                break
            assert len(page.body["products"]) == 3
            query["cursor"] = page.body["next_cursor"]
        assert [product["sku"] for product in seen] == skus
        assert [product["available"] for product in seen] == [0, 0, 0, 3, 0, 0, 0]
        assert seen[3] == inventory.get("sku-03").body

    def test_an_empty_catalogue_is_an_empty_page(self, inventory: Inventory) -> None:
        assert inventory.page().body == {"products": [], "next_cursor": None}

    @pytest.mark.parametrize(
        "query",
        [
            {"limit": "0"},
            {"limit": "101"},
            {"limit": "-1"},
            {"limit": "1.5"},
            {"limit": "٣"},
            {"cursor": ""},
            {"cursor": "!"},
            {"cursor": "WyJhIiwiYiJd"},
            {"cursor": "e30"},
            {"cursor": "A" * 5000},
        ],
        ids=str,
    )
    def test_other_queries_are_refused(self, inventory: Inventory, query: dict[str, str]) -> None:
        inventory.put("mug")
        assert inventory.page(**query).status == 400

    @pytest.mark.parametrize("sku", ["pot", "m ug", "m" * 3000, "mug\n", "…"])
    def test_what_is_not_in_the_catalogue_is_not_found(self, inventory: Inventory, sku: str) -> None:
        inventory.put("mug")
        assert inventory.get(sku).status == 404
