"""What others hear of a change of the inventory."""

from typing import Any

import pytest

from contracts.envelope import event_id
from contracts.inventory import ProductUpdated, StockLow, StockRejected, StockReleased, StockReserved
from inventory.events import events_of

AT, LATER = "2026-03-01T12:00:00.000000Z", "2026-03-01T12:01:00.000000Z"
PRODUCT: dict[str, Any] = {
    "pk": "product#mug",
    "catalogue": "all",
    "sku": "mug",
    "name": "Mug",
    "description": "Stoneware.",
    "price": {"amount": 1450, "currency": "USD"},
    "image": "/images/mug.svg",
    "version": 3,
    "updated_at": AT,
    "available": 50,
    "reserved": 0,
    "stock_version": 7,
    "stock_updated_at": AT,
}
RESERVATION: dict[str, Any] = {
    "pk": "reservation#ord_1",
    "order_id": "ord_1",
    "status": "RESERVED",
    "lines": [{"sku": "mug", "quantity": 2}],
    "short": [],
    "version": 1,
    "updated_at": AT,
}


def names(old: Any, new: Any) -> list[str]:
    return [event.type for event in events_of(old, new)]


def moved(available: int) -> dict[str, Any]:
    return {**PRODUCT, "available": available, "stock_version": 8, "stock_updated_at": LATER}


class TestReservations:
    def test_a_reservation_says_what_it_holds(self) -> None:
        (event,) = events_of(None, RESERVATION)
        assert isinstance(event.data, StockReserved)
        assert [(line.sku, line.quantity) for line in event.data.lines] == [("mug", 2)]
        assert (event.correlation_id, event.entity_version) == ("ord_1", 1)
        assert event.event_id == event_id("StockReserved", "ord_1", 1)
        assert event.as_published()["detail"]["occurred_at"] == AT

    def test_a_refusal_says_what_was_short(self) -> None:
        (event,) = events_of(None, {**RESERVATION, "status": "REJECTED", "short": ["mug"]})
        assert isinstance(event.data, StockRejected)
        assert event.data.short == ("mug",)

    def test_a_tombstone_is_released_without_lines(self) -> None:
        (event,) = events_of(None, {**RESERVATION, "status": "RELEASED", "lines": []})
        assert isinstance(event.data, StockReleased)
        assert event.data.lines == ()

    @pytest.mark.parametrize(
        ("status", "name"),
        [("COMMITTED", "StockCommitted"), ("RELEASED", "StockReleased"), ("RETURNED", "StockReturned")],
    )
    def test_each_further_status_is_one_event(self, status: str, name: str) -> None:
        assert names(RESERVATION, {**RESERVATION, "status": status, "version": 2}) == [name]

    def test_the_same_version_is_no_news(self) -> None:
        assert names(RESERVATION, {**RESERVATION, "note": "an operator's"}) == []


class TestProducts:
    def test_a_new_product_is_news_but_its_empty_shelf_is_not(self) -> None:
        assert names(None, {**PRODUCT, "available": 0, "version": 1}) == ["ProductUpdated"]

    def test_a_new_version_carries_name_and_price(self) -> None:
        after = {**PRODUCT, "price": {"amount": 1600, "currency": "USD"}, "version": 4, "updated_at": LATER}
        (event,) = events_of(PRODUCT, after)
        assert isinstance(event.data, ProductUpdated)
        assert (event.data.sku, event.data.name, event.data.price.amount) == ("mug", "Mug", 1600)
        assert (event.correlation_id, event.entity_version) == ("mug", 4)
        assert event.as_published()["detail"]["occurred_at"] == LATER

    @pytest.mark.parametrize(
        ("before", "after", "low"),
        [(11, 10, True), (50, 0, True), (11, 11, False), (10, 9, False), (10, 60, False), (0, 5, False)],
    )
    def test_stock_is_low_when_it_sinks_to_ten_or_fewer_from_above(self, before: int, after: int, low: bool) -> None:
        assert names({**PRODUCT, "available": before}, moved(after)) == (["StockLow"] if low else [])

    def test_a_reservation_sells_nothing_yet_so_one_that_comes_and_goes_tells_nobody(self) -> None:
        free, held = {**PRODUCT, "available": 11}, {**moved(8), "reserved": 3}
        assert names(free, held) == names(held, moved(11)) == []
        assert names(held, moved(8)) == ["StockLow"], "its sale does"

    def test_low_stock_is_told_once_per_movement(self) -> None:
        (event,) = events_of({**PRODUCT, "available": 11}, moved(9))
        assert isinstance(event.data, StockLow)
        assert (event.data.available, event.data.threshold) == (9, 10)
        assert event.event_id == event_id("StockLow", "mug", 8)
        assert event.as_published()["detail"]["occurred_at"] == LATER

    def test_a_price_change_of_what_is_low_already_tells_the_price_only(self) -> None:
        low = {**PRODUCT, "available": 3}
        assert names(low, {**low, "version": 4}) == ["ProductUpdated"]


def test_the_ledger_and_what_was_deleted_are_no_news() -> None:
    assert names(None, {"pk": "restock#mug#1", "sku": "mug", "quantity": 5}) == []
    assert names(PRODUCT, None) == []


def test_a_row_that_is_none_of_ours_is_refused_whole() -> None:
    with pytest.raises(ValueError, match="validation error"):
        events_of(None, {**PRODUCT, "available": "many"})
