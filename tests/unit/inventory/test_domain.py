"""What may be said of a product, and how a reservation follows its order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.orders_stream import OrderStatus
from contracts.types import Goods
from inventory import domain
from inventory.domain import Product, ProductRequest, Reservation, ReservationStatus
from inventory.view import product_view
from tests.support.more_fields import ADDED, paths_of, with_more_fields

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
ENTRY: dict[str, Any] = {
    "name": "Mug",
    "description": "Stoneware.",
    "price": {"amount": 1450, "currency": "USD"},
    "image": "/images/mug.svg",
}
LINES = (Goods(sku="mug", quantity=2), Goods(sku="pot", quantity=1))
CLOSINGS = (OrderStatus.REJECTED, OrderStatus.CANCELLED)


def product(**changes: Any) -> Product:
    new = domain.upserted(None, "mug", ProductRequest.model_validate(ENTRY), NOW)
    return new.model_copy(update={"available": 5, "reserved": 2, "stock_version": 9, **changes})


def reservation(status: ReservationStatus) -> Reservation:
    return Reservation(order_id="ord_1", status=status, lines=LINES, version=1, updated_at=NOW)


class TestCatalogueEntry:
    def test_a_new_product_has_no_stock(self) -> None:
        new = domain.upserted(None, "mug", ProductRequest.model_validate(ENTRY), NOW)
        assert (new.version, new.available, new.reserved, new.stock_version) == (1, 0, 0, 0)

    @pytest.mark.parametrize(
        "change",
        [
            {"name": "Cup"},
            {"description": ""},
            {"price": {"amount": 1451, "currency": "USD"}},
            {"image": "https://images.example/mug.png?w=200"},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_a_change_is_a_new_version_that_leaves_the_stock(self, change: dict[str, Any]) -> None:
        before = product()
        after = domain.upserted(before, "mug", ProductRequest.model_validate({**ENTRY, **change}), LATER)
        assert (after.version, after.updated_at) == (2, LATER)
        stock = {"available", "reserved", "stock_version", "stock_updated_at"}
        assert after.model_dump(include=stock) == before.model_dump(include=stock)
        assert after.model_dump(include=set(change)) == change

    def test_saying_the_same_again_changes_nothing(self) -> None:
        before = product()
        assert domain.upserted(before, "mug", ProductRequest.model_validate(ENTRY), LATER) == before

    @pytest.mark.parametrize(
        "image", ["mug.svg", "/mug.svg", "/images/mug%20blue.svg", "https://cdn.example:8443/a/b.png?w=2&h=3#top"]
    )
    def test_an_image_is_a_path_or_an_https_address(self, image: str) -> None:
        assert ProductRequest.model_validate({**ENTRY, "image": image}).image == image

    @pytest.mark.parametrize(
        "image",
        [
            "",
            "//evil.example/x.png",
            "http://plain.example/x.png",
            "javascript:alert(1)",
            "data:image/png;base64,AAAA",
            'https://x.example/"onerror=alert(1)',
            "/a b.png",
            "/x.png\n",
            "/" + "x" * 500,
        ],
    )
    def test_nothing_else_is_an_image(self, image: str) -> None:
        with pytest.raises(ValidationError, match="image"):
            ProductRequest.model_validate({**ENTRY, "image": image})

    @pytest.mark.parametrize("sku", ["a", "A-1_b", "0" * 64])
    def test_skus(self, sku: str) -> None:
        assert domain.is_sku(sku)

    @pytest.mark.parametrize("sku", ["", "-a", "_a", "a b", "a/b", "é", "a\n", "0" * 65])
    def test_what_no_sku_is(self, sku: str) -> None:
        assert not domain.is_sku(sku)


class TestRestock:
    def test_the_record_holds_the_product_as_it_stood_then(self) -> None:
        record = domain.restocked(product(), 7, "print", LATER)
        assert (record.sku, record.quantity, record.at, record.fingerprint) == ("mug", 7, LATER, "print")
        assert (record.product.available, record.product.reserved) == (12, 2)
        assert (record.product.stock_version, record.product.version) == (10, 1)

    def test_two_operators_may_choose_the_same_key(self) -> None:
        assert domain.restock_id("ann", "key") != domain.restock_id("bob", "key")
        assert domain.restock_id("ann", "key") == domain.restock_id("ann", "key")


class TestReservation:
    def test_confirming_sells_what_was_reserved(self) -> None:
        step = domain.followed(reservation(ReservationStatus.RESERVED), "ord_1", OrderStatus.CONFIRMED, LATER)
        assert step
        after, movement = step
        assert (after.status, after.version, after.updated_at) == (ReservationStatus.COMMITTED, 2, LATER)
        assert after.lines == LINES
        assert (movement.available, movement.reserved) == (0, -1)

    @pytest.mark.parametrize("closing", CLOSINGS)
    def test_closing_releases_what_was_reserved(self, closing: OrderStatus) -> None:
        step = domain.followed(reservation(ReservationStatus.RESERVED), "ord_1", closing, LATER)
        assert step
        after, movement = step
        assert after.status is ReservationStatus.RELEASED
        assert after.lines == LINES
        assert (movement.available, movement.reserved) == (1, -1)

    @pytest.mark.parametrize("closing", CLOSINGS)
    def test_closing_returns_what_was_sold(self, closing: OrderStatus) -> None:
        step = domain.followed(reservation(ReservationStatus.COMMITTED), "ord_1", closing, LATER)
        assert step
        after, movement = step
        assert after.status is ReservationStatus.RETURNED
        assert (movement.available, movement.reserved) == (1, 0)

    @pytest.mark.parametrize("closing", CLOSINGS)
    def test_closing_before_any_reserve_leaves_a_tombstone_that_holds_nothing(self, closing: OrderStatus) -> None:
        step = domain.followed(None, "ord_1", closing, NOW)
        assert step
        tombstone, _ = step
        assert (tombstone.order_id, tombstone.status, tombstone.lines, tombstone.version) == (
            "ord_1",
            ReservationStatus.RELEASED,
            (),
            1,
        )

    @pytest.mark.parametrize(
        "status", [ReservationStatus.REJECTED, ReservationStatus.RELEASED, ReservationStatus.RETURNED]
    )
    @pytest.mark.parametrize("order", OrderStatus)
    def test_what_holds_nothing_follows_nothing(self, status: ReservationStatus, order: OrderStatus) -> None:
        assert domain.followed(reservation(status), "ord_1", order, LATER) is None

    @pytest.mark.parametrize("status", [None, ReservationStatus.RESERVED, ReservationStatus.COMMITTED])
    @pytest.mark.parametrize("order", [OrderStatus.PLACED, OrderStatus.AWAITING_REVIEW])
    def test_an_open_order_moves_nothing(self, status: ReservationStatus | None, order: OrderStatus) -> None:
        before = reservation(status) if status else None
        assert domain.followed(before, "ord_1", order, LATER) is None

    @pytest.mark.parametrize("status", [None, ReservationStatus.COMMITTED])
    def test_a_late_or_repeated_commit_does_nothing(self, status: ReservationStatus | None) -> None:
        before = reservation(status) if status else None
        assert domain.followed(before, "ord_1", OrderStatus.CONFIRMED, LATER) is None

    @pytest.mark.parametrize("status", [ReservationStatus.RESERVED, ReservationStatus.COMMITTED])
    def test_a_reserve_that_was_decided_well_is_answered_so(self, status: ReservationStatus) -> None:
        domain.require_reserved(reservation(status))

    def test_a_refused_order_stays_out_of_stock(self) -> None:
        with pytest.raises(domain.OutOfStock, match="mug"):
            domain.require_reserved(domain.rejected("ord_1", LINES, ["mug"], NOW))

    @pytest.mark.parametrize("status", [ReservationStatus.RELEASED, ReservationStatus.RETURNED])
    def test_nothing_is_reserved_for_a_closed_order(self, status: ReservationStatus) -> None:
        with pytest.raises(domain.ReservationClosed):
            domain.require_reserved(reservation(status))


def test_a_field_that_a_product_or_its_price_gains_is_not_shown_until_the_view_names_it() -> None:
    grown = with_more_fields(product())
    assert paths_of(ADDED, in_=grown.model_dump()) == {ADDED, f"price/{ADDED}"}
    shown = product_view(grown)
    assert shown == product().model_dump(mode="json", include=set(shown))
    assert set(shown) == {"sku", "name", "description", "price", "image", "available", "version"}
