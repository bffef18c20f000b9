"""A hot product's units are in several rows, and nobody who buys, sells or looks at it can tell."""

import pytest

from inventory.domain import OutOfStock
from shopkit.aws import client
from tests.integration.inventory.conftest import Before
from tests.support.inventory import MUG, Books, Inventory


def orders(count: int) -> list[str]:
    return [f"ord_{number}" for number in range(count)]


class TestBuying:
    def test_a_restock_is_spread_evenly(self, inventory: Inventory) -> None:
        inventory.hot("mug", shards=4, units=10)
        assert inventory.rows_of("mug") == [(3, 0), (3, 0), (2, 0), (2, 0)]
        assert inventory.get("mug").body["available"] == 10

    def test_different_orders_take_from_different_rows(self, inventory: Inventory) -> None:
        inventory.hot("mug", shards=4, units=80)
        for order_id in orders(40):
            inventory.reserve(order_id, mug=1)
        assert all(reserved > 4 for _, reserved in inventory.rows_of("mug"))
        assert inventory.books("mug") == Books(restocked=80, available=40, reserved=40, sold=0)

    def test_an_order_finds_the_last_unit_in_whatever_row_it_is(
        self, inventory: Inventory, pauses: list[float]
    ) -> None:
        inventory.hot("mug", shards=8, units=8)
        for order_id in orders(8):
            inventory.reserve(order_id, mug=1)
        assert inventory.rows_of("mug") == [(0, 1)] * 8
        with pytest.raises(OutOfStock):
            inventory.reserve("ord_late", mug=1)

    def test_an_order_larger_than_any_row_gets_all_that_is_there(
        self, inventory: Inventory, pauses: list[float]
    ) -> None:
        inventory.hot("mug", shards=8, units=20)
        inventory.reserve("ord_1", mug=20)
        assert inventory.books("mug") == Books(restocked=20, available=0, reserved=20, sold=0)

    def test_one_unit_more_than_there_is_is_out_of_stock_and_takes_nothing(
        self, inventory: Inventory, pauses: list[float]
    ) -> None:
        inventory.stock(pot=1)
        inventory.hot("mug", shards=8, units=20)
        with pytest.raises(OutOfStock, match="short of mug"):
            inventory.reserve("ord_1", mug=21, pot=1)
        assert inventory.reservation("ord_1").short == ("mug",)
        assert inventory.books("mug") == Books(restocked=20, available=20, reserved=0, sold=0)
        assert inventory.books("pot").reserved == 0

    def test_an_ordinary_line_that_is_short_takes_nothing_of_a_hot_one(
        self, inventory: Inventory, pauses: list[float]
    ) -> None:
        inventory.stock(pot=1)
        inventory.hot("mug", shards=4, units=4)
        with pytest.raises(OutOfStock, match="short of pot"):
            inventory.reserve("ord_1", mug=3, pot=2)
        assert inventory.books("mug").reserved == 0

    def test_units_that_move_while_they_are_counted_are_no_reason_to_refuse(
        self, inventory: Inventory, before: Before, pauses: list[float]
    ) -> None:
        """Row 1 is read when its unit has just left it for row 0, which has been read before."""
        inventory.hot("mug", shards=2, units=2)
        inventory.tamper("mug", available=0)  # in row 0
        fill_row_1(inventory, 2)
        before("BatchGetItem", lambda: None)  # of the routing
        before("BatchGetItem", lambda: move_all_to_row_0(inventory, 2))
        inventory.reserve("ord_1", mug=2)
        assert inventory.books("mug") == Books(restocked=2, available=0, reserved=2, sold=0)


class TestAfterwards:
    @pytest.mark.parametrize(
        ("ending", "books"),
        [
            (["CONFIRMED"], Books(restocked=20, available=13, reserved=0, sold=7)),
            (["REJECTED"], Books(restocked=20, available=20, reserved=0, sold=0)),
            (["CONFIRMED", "CANCELLED"], Books(restocked=20, available=20, reserved=0, sold=0)),
        ],
        ids=str,
    )
    def test_goods_return_to_the_row_from_which_they_were_taken(
        self, inventory: Inventory, pauses: list[float], ending: list[str], books: Books
    ) -> None:
        inventory.hot("mug", shards=8, units=20)
        inventory.reserve("ord_1", mug=7)
        taken = {row: units for row, units in enumerate(inventory.rows_of("mug")) if units[1]}
        assert list(taken.values()) == [(0, 7)]
        for status in ending:
            assert inventory.order_became("ord_1", status) == {"batchItemFailures": []}
        assert inventory.books("mug") == books
        (row,) = taken
        assert inventory.rows_of("mug")[row] == ((0, 0) if ending == ["CONFIRMED"] else (7, 0))

    def test_goods_return_to_a_row_that_is_no_shard_any_more(self, inventory: Inventory) -> None:
        inventory.hot("mug", shards=8, units=80)
        for order_id in orders(20):
            inventory.reserve(order_id, mug=1)
        inventory.hot("mug", shards=2)
        assert [available for available, _ in inventory.rows_of("mug")] == [30, 30, 0, 0, 0, 0, 0, 0]
        for order_id in orders(20):
            inventory.order_became(order_id, "CANCELLED")
        assert inventory.books("mug") == Books(restocked=80, available=80, reserved=0, sold=0)
        inventory.hot("mug", shards=2)
        assert [available for available, _ in inventory.rows_of("mug")] == [40, 40, 0, 0, 0, 0, 0, 0]

    def test_goods_that_were_reserved_before_their_product_was_hot_are_sold(
        self, inventory: Inventory, pauses: list[float]
    ) -> None:
        inventory.stock(mug=20)
        inventory.reserve("ord_1", mug=3)
        inventory.reserve("ord_2", mug=3)
        inventory.hot("mug", shards=4)
        inventory.order_became("ord_1", "CONFIRMED")
        inventory.order_became("ord_2", "CONFIRMED")
        inventory.order_became("ord_2", "CANCELLED")
        assert inventory.books("mug") == Books(restocked=20, available=17, reserved=0, sold=3)
        assert inventory.set_aside() == []

    def test_units_in_the_rows_of_an_earlier_number_of_shards_are_sold(
        self, inventory: Inventory, pauses: list[float]
    ) -> None:
        inventory.hot("mug", shards=8, units=8)
        inventory.put("mug", {**MUG, "stock_shards": 1})
        inventory.restock("mug", {"quantity": 1}, key="one more")
        inventory.reserve("ord_1", mug=9)
        assert inventory.books("mug").reserved == 9


class TestOperators:
    def test_a_request_without_shards_leaves_them(self, inventory: Inventory) -> None:
        inventory.hot("mug", shards=4, units=8)
        assert inventory.put("mug", {**MUG, "name": "Cup"}).body["available"] == 8
        inventory.restock("mug", {"quantity": 4}, key="more")
        assert inventory.rows_of("mug") == [(3, 0)] * 4

    def test_shoppers_are_not_shown_them(self, inventory: Inventory) -> None:
        inventory.hot("mug", shards=4, units=8)
        (listed,) = inventory.page().body["products"]
        assert listed == inventory.get("mug").body == {"sku": "mug", **MUG, "available": 8, "version": 1}

    def test_the_same_request_again_levels_the_rows(self, inventory: Inventory) -> None:
        inventory.stock(mug=8)
        assert inventory.put("mug", {**MUG, "stock_shards": 4}).body["available"] == 8
        assert inventory.rows_of("mug") == [(2, 0)] * 4
        fill_row_1(inventory, 6)
        inventory.put("mug", {**MUG, "stock_shards": 4})
        assert inventory.rows_of("mug") == [(3, 0)] * 4

    @pytest.mark.parametrize("shards", [0, 17, -1, 1.5, "4", True])
    def test_a_number_of_shards_is_from_1_to_16(self, inventory: Inventory, shards: object) -> None:
        assert inventory.put("mug", {**MUG, "stock_shards": shards}).status == 400

    def test_one_shard_is_an_ordinary_product(self, inventory: Inventory) -> None:
        inventory.put("mug", {**MUG, "stock_shards": 1})
        inventory.restock("mug", {"quantity": 1})
        (product,) = (row for row in inventory.rows() if row["pk"] == "product#mug")
        assert not {"stock_shards", "stock_rows", "stock_low"} & product.keys()

    def test_a_restock_of_many_rows_is_booked_once(self, inventory: Inventory, pauses: list[float]) -> None:
        inventory.hot("mug", shards=8, units=8)
        for _ in range(2):
            assert inventory.restock("mug", {"quantity": 5}, key="five").body["available"] == 13
        assert inventory.books("mug") == Books(restocked=13, available=13, reserved=0, sold=0)


class TestAnOrdinaryProduct:
    def test_costs_one_transaction_of_one_write_per_line(self, inventory: Inventory) -> None:
        inventory.stock(mug=5, pot=5)
        written: list[int] = []

        def count(params: dict[str, list[object]], **_event: object) -> None:
            written.append(len(params["TransactItems"]))

        client("dynamodb").meta.events.register("provide-client-params.dynamodb.TransactWriteItems", count)
        inventory.reserve("ord_1", mug=1, pot=1)
        inventory.order_became("ord_1", "CONFIRMED")
        assert written == [3, 3]
        assert not [row for row in inventory.rows() if "rows" in row or row["pk"].startswith("stock#")]


class TestLowStock:
    def lows(self, inventory: Inventory) -> list[int]:
        events = [event for event in inventory.events() if event.type == "StockLow"]
        assert len({event.event_id for event in events}) == len(events)
        return [event.data.available for event in events]

    def sell(self, inventory: Inventory, order_id: str, units: int) -> None:
        inventory.reserve(order_id, mug=units)
        inventory.order_became(order_id, "CONFIRMED")

    def test_it_is_told_once_when_the_units_of_all_rows_are_few(
        self, inventory: Inventory, pauses: list[float]
    ) -> None:
        inventory.hot("mug", shards=8, units=16)
        for number in range(16):
            self.sell(inventory, f"ord_{number}", 1)
            assert self.lows(inventory) == ([] if number < 5 else [10])

    def test_it_is_told_again_after_there_were_many(self, inventory: Inventory, pauses: list[float]) -> None:
        inventory.hot("mug", shards=8, units=12)
        self.sell(inventory, "ord_1", 4)
        inventory.restock("mug", {"quantity": 12}, key="more")
        self.sell(inventory, "ord_2", 11)
        inventory.order_became("ord_2", "CANCELLED")
        self.sell(inventory, "ord_3", 12)
        assert self.lows(inventory) == [8, 9, 8]

    def test_units_that_are_only_reserved_are_not_sold(self, inventory: Inventory, pauses: list[float]) -> None:
        inventory.hot("mug", shards=4, units=12)
        inventory.reserve("ord_1", mug=12)
        inventory.order_became("ord_1", "REJECTED")
        assert self.lows(inventory) == []

    def test_what_was_low_before_it_was_hot_is_no_news(self, inventory: Inventory, pauses: list[float]) -> None:
        inventory.stock(mug=12)
        self.sell(inventory, "ord_1", 2)
        inventory.hot("mug", shards=4)
        self.sell(inventory, "ord_2", 2)
        inventory.put("mug", {**MUG, "stock_shards": 1})
        self.sell(inventory, "ord_3", 2)
        assert self.lows(inventory) == [10]

    def test_a_function_that_dies_before_it_is_noted_notes_it_when_the_record_comes_again(
        self, inventory: Inventory, pauses: list[float], before: Before
    ) -> None:
        inventory.hot("mug", shards=4, units=12)
        inventory.reserve("ord_1", mug=4)
        before("UpdateItem", lambda: 1 / 0)
        assert inventory.order_became("ord_1", "CONFIRMED") != {"batchItemFailures": []} or inventory.set_aside()
        inventory.order_became("ord_1", "CONFIRMED")
        assert self.lows(inventory) == [8]

    def test_its_catalogue_events_are_of_the_entry_only(self, inventory: Inventory, pauses: list[float]) -> None:
        inventory.hot("mug", shards=4, units=40)
        self.sell(inventory, "ord_1", 2)
        inventory.put("mug", {**MUG, "name": "Cup"})
        updates = [event.entity_version for event in inventory.events() if event.type == "ProductUpdated"]
        assert updates == [1, 2]


def fill_row_1(inventory: Inventory, units: int) -> None:
    """Writes row 1 without using the service."""
    client("dynamodb").update_item(
        TableName=inventory.table,
        Key={"pk": {"S": "stock#mug#1"}},
        UpdateExpression="SET available = :units ADD stock_version :one",
        ExpressionAttributeValues={":units": {"N": str(units)}, ":one": {"N": "1"}},
    )


def move_all_to_row_0(inventory: Inventory, units: int) -> None:
    dynamodb, one = client("dynamodb"), {":one": {"N": "1"}}
    for key, change in (("product#mug", units), ("stock#mug#1", -units)):
        dynamodb.update_item(
            TableName=inventory.table,
            Key={"pk": {"S": key}},
            UpdateExpression="ADD available :change, stock_version :one",
            ExpressionAttributeValues={":change": {"N": str(change)}, **one},
        )
