"""No unit of stock is ever made, lost, sold twice or promised twice: whatever is asked for, repeated, reordered,
interleaved or cut short."""

from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from inventory.domain import OutOfStock, ReservationClosed, ReservationStatus
from tests.support.interleaving import interleave
from tests.support.inventory import MUG, Inventory, books, inventory_on_moto

SKUS = ("mug", "pot", "cup")
ORDERS = ("ord_1", "ord_2", "ord_3")
CLOSINGS = ("REJECTED", "CANCELLED")
# Where a reservation may go from where it is; None is where it starts.
LEGAL = {
    None: {"RESERVED", "REJECTED", "RELEASED"},
    "RESERVED": {"COMMITTED", "RELEASED"},
    "COMMITTED": {"RETURNED"},
}

quantities = st.integers(min_value=1, max_value=4)
baskets = st.dictionaries(st.sampled_from(SKUS), quantities, min_size=1)
histories = st.sampled_from(["CONFIRMED", *CLOSINGS])


def reserve(inventory: Inventory, order_id: str, basket: dict[str, int]) -> str:
    try:
        inventory.reserve(order_id, **basket)
    except OutOfStock:
        return "out of stock"
    except ReservationClosed:
        return "closed"
    return "reserved"


def assert_nothing_is_wrong(inventory: Inventory) -> None:
    rows = inventory.rows()
    reservations = [row for row in rows if row["pk"].startswith("reservation#")]
    for sku in SKUS:
        found = books(rows, sku)
        held = [line for row in reservations if row["status"] == "RESERVED" for line in row["lines"]]
        assert found.balanced, (sku, found)
        assert found.reserved == sum(line["quantity"] for line in held if line["sku"] == sku), (sku, found)
    for row in rows:
        kind, _, name = row["pk"].partition("#")
        if kind in {"product", "stock"}:
            sku, _, number = name.partition("#")
            taken = [
                line["quantity"]
                for reservation in reservations
                if reservation["status"] == "RESERVED"
                for line in reservation["lines"]
                if (line["sku"], reservation.get("rows", {}).get(sku, 0)) == (sku, int(number or 0))
            ]
            assert row.get("available", 0) >= 0, row
            assert row.get("reserved", 0) == sum(taken), (row, taken)


def assert_history_is_legal(inventory: Inventory) -> None:
    statuses: dict[str, Any] = {}
    events = inventory.events()
    for event in events:
        if event.correlation_id in ORDERS:
            status = ReservationStatus(event.type.removeprefix("Stock").upper())
            assert status in LEGAL.get(statuses.get(event.correlation_id), set())
            statuses[event.correlation_id] = status
    assert len({event.event_id for event in events}) == len(events)


class Stock(RuleBasedStateMachine):
    """Anything in any order: orders are confirmed unreserved, cancelled twice, reserved after they ended."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(patch("shopkit.backoff.time.sleep"))
        self.inventory = self.stack.enter_context(inventory_on_moto())
        self.baskets: dict[str, dict[str, int]] = {}
        self.answers: dict[str, str] = {}

    def teardown(self) -> None:
        with self.stack:
            assert_history_is_legal(self.inventory)
            assert self.inventory.set_aside() == []

    @initialize(units=st.tuples(*[st.integers(min_value=0, max_value=6)] * 2))
    def open(self, units: tuple[int, int]) -> None:
        for sku, quantity in zip(SKUS, units, strict=False):
            assert self.inventory.put(sku).status == 201
            if quantity:
                assert self.inventory.restock(sku, {"quantity": quantity}, key="first").status == 200

    @rule(sku=st.sampled_from(SKUS), quantity=quantities, key=st.sampled_from(["a", "b"]))
    def restock(self, sku: str, quantity: int, key: str) -> None:
        assert self.inventory.restock(sku, {"quantity": quantity}, key=key).status in {200, 404, 422}

    @rule(sku=st.sampled_from(SKUS), name=st.sampled_from(["Mug", "Cup"]))
    def change(self, sku: str, name: str) -> None:
        assert self.inventory.put(sku, {**MUG, "name": name}).status in {200, 201}

    @rule(sku=st.sampled_from(SKUS), shards=st.integers(1, 4))
    def heat(self, sku: str, shards: int) -> None:
        """Products become hot and cool down, with more rows and fewer."""
        assert self.inventory.put(sku, {**MUG, "stock_shards": shards}).status in {200, 201}

    @rule(order_id=st.sampled_from(ORDERS), basket=baskets)
    def reserve(self, order_id: str, basket: dict[str, int]) -> None:
        basket, first = self.baskets.setdefault(order_id, basket), order_id not in self.answers
        enough = all(books(self.inventory.rows(), sku).available >= units for sku, units in basket.items())
        answer = reserve(self.inventory, order_id, basket)
        assert not first or answer in {"closed", "reserved" if enough else "out of stock"}
        allowed = {"reserved": {"reserved", "closed"}}.get(self.answers.get(order_id, ""), {self.answers.get(order_id)})
        assert answer in allowed or order_id not in self.answers
        self.answers[order_id] = answer

    @rule(order_id=st.sampled_from(ORDERS), status=histories)
    def order_became(self, order_id: str, status: str) -> None:
        assert self.inventory.order_became(order_id, status) == {"batchItemFailures": []}

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert_nothing_is_wrong(self.inventory)


TestStock = Stock.TestCase
TestStock.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_racing_and_dying_functions_leave_the_stock_right(data: st.DataObject) -> None:
    """Two checkouts of one order, another order that wants the same last units, the end of the first order and a
    restock take turns at every call; some die. Then whoever started them tries again, as checkout and streams do."""
    available = data.draw(st.integers(min_value=1, max_value=3), "available")
    ending = data.draw(st.sampled_from([("CONFIRMED",), ("CANCELLED",), ("CONFIRMED", "CANCELLED")]), "ending")
    with inventory_on_moto() as inventory, patch("shopkit.backoff.time.sleep"):
        inventory.stock(mug=available, pot=3)

        def end() -> None:
            for status in ending:
                assert inventory.order_became("ord_1", status) == {"batchItemFailures": []}

        def restock() -> None:
            assert inventory.restock("mug", {"quantity": 1}, key="more").status == 200

        def first_order() -> None:
            reserve(inventory, "ord_1", {"mug": 2, "pot": 1})

        def second_order() -> None:
            reserve(inventory, "ord_2", {"pot": 2, "mug": 1})

        actors = [first_order, first_order, second_order, end, restock]

        def choose(running: int) -> tuple[int, bool]:
            return data.draw(st.integers(0, running - 1)), data.draw(st.integers(0, 9)) == 9

        interleave(actors, choose)
        assert_nothing_is_wrong(inventory)
        for act in data.draw(st.permutations(actors), "retries"):
            act()
        assert_nothing_is_wrong(inventory)
        assert_history_is_legal(inventory)
        assert inventory.books("mug").restocked == available + 1
        if "CANCELLED" in ending:
            assert inventory.reservation("ord_1").status in {"RELEASED", "RETURNED", "REJECTED"}
