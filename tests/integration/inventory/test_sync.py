"""The goods follow their order, whatever arrives twice, late or out of order."""

import itertools
from typing import Any

import pytest

from shopkit.dynamodb import to_item
from tests.integration.inventory.conftest import Before, conflict
from tests.support.inventory import Books, Inventory

DONE: dict[str, Any] = {"batchItemFailures": []}
CLOSINGS = ["REJECTED", "CANCELLED"]


@pytest.fixture
def held(inventory: Inventory) -> Inventory:
    """Two of five mugs and the only pot are reserved for ord_1."""
    inventory.stock(mug=5, pot=1)
    inventory.reserve("ord_1", mug=2, pot=1)
    return inventory


def test_a_confirmed_orders_goods_are_sold(held: Inventory) -> None:
    assert held.order_became("ord_1", "CONFIRMED") == DONE
    assert held.books("mug") == Books(restocked=5, available=3, reserved=0, sold=2)
    assert held.books("pot") == Books(restocked=1, available=0, reserved=0, sold=1)


@pytest.mark.parametrize("closing", CLOSINGS)
def test_a_closed_orders_goods_are_available_again(held: Inventory, closing: str) -> None:
    held.order_became("ord_1", closing)
    assert held.reservation("ord_1").status == "RELEASED"
    assert held.books("mug") == Books(restocked=5, available=5, reserved=0, sold=0)


def test_a_cancelled_orders_sold_goods_come_back(held: Inventory) -> None:
    held.order_became("ord_1", "CONFIRMED")
    held.order_became("ord_1", "CANCELLED")
    assert held.reservation("ord_1").status == "RETURNED"
    assert held.books("mug") == Books(restocked=5, available=5, reserved=0, sold=0)


@pytest.mark.parametrize("history", [["CONFIRMED"], ["REJECTED"], ["CONFIRMED", "CANCELLED"]], ids=" ".join)
def test_everything_delivered_three_times_is_as_once(held: Inventory, history: list[str]) -> None:
    """Scenario 9."""
    for status in history:
        held.order_became("ord_1", status)
    once, events = held.books("mug"), [event.event_id for event in held.events()]
    for status in history * 2:
        assert held.order_became("ord_1", status) == DONE
    assert held.books("mug") == once
    assert [event.event_id for event in held.events()] == events


@pytest.mark.parametrize("history", list(itertools.permutations(["PLACED", "CONFIRMED", "CANCELLED"])), ids=" ".join)
def test_a_shuffled_history_ends_with_the_goods_back(held: Inventory, history: tuple[str, ...]) -> None:
    """Scenario 10."""
    for status in history:
        held.order_became("ord_1", status)
    assert held.books("mug") == Books(restocked=5, available=5, reserved=0, sold=0)
    assert held.reservation("ord_1").status in {"RELEASED", "RETURNED"}


def test_a_refused_order_has_nothing_to_give_back(inventory: Inventory) -> None:
    inventory.stock(mug=1)
    with pytest.raises(Exception, match="short of mug"):
        inventory.reserve("ord_1", mug=2)
    inventory.order_became("ord_1", "REJECTED")
    assert inventory.reservation("ord_1").status == "REJECTED"
    assert inventory.books("mug") == Books(restocked=1, available=1, reserved=0, sold=0)


def test_an_order_confirmed_without_a_reservation_takes_nothing(inventory: Inventory) -> None:
    inventory.stock(mug=1)
    assert inventory.order_became("ord_1", "CONFIRMED") == DONE
    assert inventory.books("mug") == Books(restocked=1, available=1, reserved=0, sold=0)


def test_a_reserve_just_before_the_tombstone_is_released_instead(
    inventory: Inventory, before: Before, pauses: list[float]
) -> None:
    inventory.stock(mug=5)
    before("TransactWriteItems", lambda: inventory.reserve("ord_1", mug=2) and None)
    inventory.order_became("ord_1", "CANCELLED")
    assert inventory.reservation("ord_1").status == "RELEASED"
    assert inventory.books("mug") == Books(restocked=5, available=5, reserved=0, sold=0)


def test_a_cancellation_that_overtakes_the_confirmation_gives_back_once(
    held: Inventory, before: Before, pauses: list[float]
) -> None:
    """Others hold units of the same product: only the reservation tells that these are not to be sold any more."""
    held.restock("pot", {"quantity": 1})
    held.reserve("ord_2", mug=2, pot=1)
    before("TransactWriteItems", lambda: held.order_became("ord_1", "CANCELLED") and None)
    assert held.order_became("ord_1", "CONFIRMED") == DONE
    assert held.books("mug") == Books(restocked=5, available=3, reserved=2, sold=0)


def test_buyers_in_its_way_are_waited_for(held: Inventory, before: Before, pauses: list[float]) -> None:
    before("TransactWriteItems", lambda: conflict("None", "TransactionConflict", "None"))
    assert held.order_became("ord_1", "CONFIRMED") == DONE
    assert held.books("mug").sold == 2
    assert len(pauses) == 1


def test_what_cannot_be_done_now_is_retried_from_there_on(held: Inventory, before: Before, pauses: list[float]) -> None:
    for _ in range(8):
        before("TransactWriteItems", lambda: conflict("None", "TransactionConflict", "None"))
    assert held.order_became("ord_1", "CONFIRMED") == {"batchItemFailures": [{"itemIdentifier": "7"}]}
    assert held.books("mug").reserved == 2
    assert held.order_became("ord_1", "CONFIRMED") == DONE
    assert held.books("mug").sold == 2


def test_a_record_that_is_no_order_is_set_aside_whole_and_the_shard_goes_on(held: Inventory) -> None:
    """Scenario 14."""
    poison = {"SequenceNumber": "6", "NewImage": to_item({"order_id": "ord_1", "status": "EATEN"})}
    good = {"SequenceNumber": "7", "NewImage": to_item({"order_id": "ord_1", "status": "CONFIRMED"})}
    assert held.synced(poison, good) == DONE
    (kept,) = held.set_aside()
    assert kept["record"]["dynamodb"] == poison
    assert held.books("mug").sold == 2


def test_rows_without_a_status_and_deletions_are_none_of_its_business(held: Inventory) -> None:
    replica = {"SequenceNumber": "6", "NewImage": to_item({"pk": "product#mug", "sku": "mug", "version": 2})}
    deleted = {"SequenceNumber": "7", "OldImage": to_item({"order_id": "ord_1", "status": "CONFIRMED"})}
    assert held.synced(replica, deleted) == DONE
    assert held.set_aside() == []
    assert held.books("mug").reserved == 2


def test_stock_that_somebody_else_changed_stops_nothing_but_the_order_it_concerns(held: Inventory) -> None:
    held.tamper("pot", reserved=0)
    assert held.order_became("ord_1", "CONFIRMED") == DONE
    (kept,) = held.set_aside()
    assert "ord_1 to COMMITTED: pot" in kept["error"]
    assert held.reservation("ord_1").status == "RESERVED"
    assert held.books("mug").reserved == 2


def test_the_story_of_an_order_is_told_once_each_and_in_order(held: Inventory) -> None:
    held.order_became("ord_1", "CONFIRMED")
    held.order_became("ord_1", "CANCELLED")
    told = [(event.type, event.entity_version) for event in held.events() if event.correlation_id == "ord_1"]
    assert told == [("StockReserved", 1), ("StockCommitted", 2), ("StockReturned", 3)]
