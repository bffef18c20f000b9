"""Checkout holds all of an order's goods or none, and the first recorded decision stands."""

import pytest

from inventory.domain import OutOfStock, ReservationClosed
from inventory.reserve import StockBusy
from tests.integration.inventory.conftest import Before, conflict, single_conflict
from tests.support.inventory import Inventory

RESERVED = {"order_id": "ord_1", "status": "RESERVED"}


def test_every_line_is_held(inventory: Inventory) -> None:
    inventory.stock(mug=5, pot=1)
    assert inventory.reserve("ord_1", mug=2, pot=1) == RESERVED
    mug, pot = inventory.product("mug"), inventory.product("pot")
    assert (mug.available, mug.reserved, pot.available, pot.reserved) == (3, 2, 0, 1)
    assert [(line.sku, line.quantity) for line in inventory.reservation("ord_1").lines] == [("mug", 2), ("pot", 1)]


def test_fifty_lines_are_one_reservation_and_one_sale(inventory: Inventory) -> None:
    units = {f"sku-{number:02}": number + 1 for number in range(50)}
    inventory.seed(**units)
    inventory.reserve("ord_1", **units)
    products = [inventory.product(sku) for sku in units]
    assert [(product.available, product.reserved) for product in products] == [(0, held) for held in units.values()]
    assert inventory.order_became("ord_1", "CONFIRMED") == {"batchItemFailures": []}
    assert all(inventory.product(sku).reserved == 0 for sku in units)
    assert inventory.reservation("ord_1").status == "COMMITTED"


def test_the_last_of_fifty_lines_missing_holds_nothing(inventory: Inventory) -> None:
    """Scenario 24."""
    units = {f"sku-{number:02}": 1 for number in range(49)}
    inventory.seed(**units)
    with pytest.raises(OutOfStock, match="sku-99"):
        inventory.reserve("ord_1", **units, **{"sku-99": 1})
    products = [inventory.product(sku) for sku in units]
    assert [(product.available, product.reserved) for product in products] == [(1, 0)] * 49


def test_a_refusal_names_what_was_short_and_what_does_not_exist(inventory: Inventory) -> None:
    inventory.stock(mug=5, pot=1)
    with pytest.raises(OutOfStock):
        inventory.reserve("ord_1", mug=5, pot=2, ghost=1)
    assert inventory.reservation("ord_1").status == "REJECTED"
    assert inventory.reservation("ord_1").short == ("pot", "ghost")


def test_no_more_is_held_than_there_is(inventory: Inventory) -> None:
    inventory.stock(mug=5)
    held = 0
    for number in range(10):
        try:
            inventory.reserve(f"ord_{number}", mug=2)
            held += 2
        except OutOfStock:
            pass
    assert (held, inventory.product("mug").available, inventory.product("mug").reserved) == (4, 1, 4)


def test_a_repeat_is_answered_alike_and_holds_nothing_more(inventory: Inventory) -> None:
    inventory.stock(mug=5)
    assert inventory.reserve("ord_1", mug=2) == inventory.reserve("ord_1", mug=2) == RESERVED
    assert inventory.product("mug").reserved == 2


def test_a_reservation_wins_over_a_shortage_that_it_made_itself(inventory: Inventory) -> None:
    inventory.stock(mug=2)
    inventory.reserve("ord_1", mug=2)
    assert inventory.reserve("ord_1", mug=2) == RESERVED


def test_goods_that_are_sold_already_were_reserved(inventory: Inventory) -> None:
    inventory.stock(mug=2)
    inventory.reserve("ord_1", mug=2)
    inventory.order_became("ord_1", "CONFIRMED")
    assert inventory.reserve("ord_1", mug=2) == RESERVED
    assert inventory.books("mug").sold == 2


def test_a_refusal_stands_even_when_goods_came_in_since(inventory: Inventory) -> None:
    inventory.stock(mug=1)
    with pytest.raises(OutOfStock):
        inventory.reserve("ord_1", mug=2)
    inventory.restock("mug", {"quantity": 10})
    with pytest.raises(OutOfStock):
        inventory.reserve("ord_1", mug=2)
    assert inventory.product("mug").available == 11


@pytest.mark.parametrize("closing", ["REJECTED", "CANCELLED"])
def test_a_reserve_that_comes_after_its_orders_end_holds_nothing(inventory: Inventory, closing: str) -> None:
    """Scenario 20."""
    inventory.stock(mug=5)
    inventory.order_became("ord_1", closing)
    with pytest.raises(ReservationClosed):
        inventory.reserve("ord_1", mug=2)
    assert inventory.product("mug").available == 5


@pytest.mark.parametrize("sold", [False, True])
def test_nothing_is_held_again_for_an_order_that_gave_back(inventory: Inventory, sold: bool) -> None:
    inventory.stock(mug=5)
    inventory.reserve("ord_1", mug=2)
    if sold:
        inventory.order_became("ord_1", "CONFIRMED")
    inventory.order_became("ord_1", "CANCELLED")
    with pytest.raises(ReservationClosed):
        inventory.reserve("ord_1", mug=2)
    assert inventory.product("mug").available == 5


def test_two_checkouts_of_one_order_that_want_the_last_unit_hear_the_same(inventory: Inventory, before: Before) -> None:
    """Scenario 6. The other one finds the unit just after this one did not, and decides first."""
    inventory.stock(mug=1)
    inventory.reserve("ord_0", mug=1)

    def the_unit_comes_back_and_the_other_checkout_takes_it() -> None:
        inventory.order_became("ord_0", "CANCELLED")
        inventory.reserve("ord_1", mug=1)

    before("PutItem", the_unit_comes_back_and_the_other_checkout_takes_it)
    assert inventory.reserve("ord_1", mug=1) == RESERVED
    assert (inventory.product("mug").available, inventory.product("mug").reserved) == (0, 1)


def test_an_order_that_ends_between_shortage_and_refusal_stays_closed(inventory: Inventory, before: Before) -> None:
    before("PutItem", lambda: inventory.order_became("ord_1", "CANCELLED") and None)
    with pytest.raises(ReservationClosed):
        inventory.reserve("ord_1", mug=1)
    assert inventory.reservation("ord_1").status == "RELEASED"


def test_another_order_in_the_way_is_no_shortage(inventory: Inventory, before: Before, pauses: list[float]) -> None:
    inventory.stock(mug=5, pot=5)
    before("TransactWriteItems", lambda: conflict("None", "TransactionConflict", "None"))
    assert inventory.reserve("ord_1", mug=1, pot=1) == RESERVED
    assert len(pauses) == 1


def test_a_shortage_beside_a_conflict_is_looked_at_again(
    inventory: Inventory, before: Before, pauses: list[float]
) -> None:
    """It may be the half-seen effect of the transaction that is in the way."""
    inventory.stock(mug=5)
    before("TransactWriteItems", lambda: conflict("TransactionConflict", "ConditionalCheckFailed"))
    assert inventory.reserve("ord_1", mug=1) == RESERVED


def test_a_refusal_that_meets_another_write_is_decided_anew(
    inventory: Inventory, before: Before, pauses: list[float]
) -> None:
    before("PutItem", single_conflict)
    with pytest.raises(OutOfStock):
        inventory.reserve("ord_1", mug=1)
    assert inventory.reservation("ord_1").status == "REJECTED"
    assert len(pauses) == 1


def test_too_many_in_the_way_is_a_fault_that_decides_nothing(
    inventory: Inventory, before: Before, pauses: list[float]
) -> None:
    inventory.stock(mug=5)
    for _ in range(8):
        before("TransactWriteItems", lambda: conflict("None", "TransactionConflict"))
    with pytest.raises(StockBusy):
        inventory.reserve("ord_1", mug=1)
    assert inventory.product("mug").available == 5
    assert inventory.reserve("ord_1", mug=1) == RESERVED
    assert len(pauses) == 7
    assert sum(pauses) < 2
    assert max(pauses) <= 0.64


def test_two_buyers_in_the_way_of_each_other_do_not_pause_alike(
    inventory: Inventory, before: Before, pauses: list[float]
) -> None:
    inventory.stock(mug=5)
    for number in range(2):
        before("TransactWriteItems", lambda: conflict("None", "TransactionConflict"))
        inventory.reserve(f"ord_{number}", mug=1)
    assert len(set(pauses)) == 2


def test_a_fault_that_is_no_conflict_is_not_taken_for_an_answer(inventory: Inventory, before: Before) -> None:
    inventory.stock(mug=5)
    before("TransactWriteItems", lambda: conflict("None", "ValidationError"))
    with pytest.raises(Exception, match="Transaction cancelled"):
        inventory.reserve("ord_1", mug=1)
