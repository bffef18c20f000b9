"""What is asked, what it costs, and which order it is: the rules of placing, without a table."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.types import Money, OrderLine
from order import domain
from order.domain import CatalogueEntry, Order, OrderRequest, UnknownSku
from tests.support.orders import wanted
from tests.unit.order.orders import NOW, an_order

CATALOGUE = {
    sku: CatalogueEntry(sku=sku, name=sku.title(), price=Money(amount=price), version=1)
    for sku, price in {"MUG": 1450, "TEE": 2900, "FREE": 0}.items()
}


def request(*lines: tuple[str, Any], **changes: Any) -> OrderRequest:
    return OrderRequest.model_validate(wanted(*lines, **changes))


# ── Prices ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_lines_get_the_catalogue_s_names_and_prices() -> None:
    assert domain.priced(request(("MUG", 2), ("TEE", 1)), CATALOGUE) == (
        OrderLine(sku="MUG", quantity=2, name="Mug", unit_price=Money(amount=1450)),
        OrderLine(sku="TEE", quantity=1, name="Tee", unit_price=Money(amount=2900)),
    )


def test_the_total_is_the_sum_of_price_times_quantity() -> None:
    assert domain.total_of(domain.priced(request(("MUG", 2), ("TEE", 1)), CATALOGUE)) == Money(amount=5800)
    assert domain.total_of(domain.priced(request(("FREE", 99)), CATALOGUE)) == Money(amount=0)


def test_the_largest_order_there_can_be_is_still_counted_to_the_cent() -> None:
    lines = tuple(
        OrderLine(sku=f"S{index}", quantity=99, name="S", unit_price=Money(amount=999_999_999)) for index in range(50)
    )
    assert domain.total_of(lines).amount == 999_999_999 * 99 * 50


def test_every_unknown_product_is_named_by_its_line() -> None:
    with pytest.raises(UnknownSku) as unknown:
        domain.priced(request(("NOPE", 1), ("MUG", 1), ("GONE", 1)), CATALOGUE)
    assert unknown.value.indexes == [0, 2]


def test_money_of_two_currencies_is_never_added() -> None:
    with pytest.raises(ValueError, match="cannot add EUR to USD"):
        Money(amount=1) + Money(amount=1, currency="EUR")


# ── Requests ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("quantity", [1, 99])
def test_scenario_26_from_1_to_99_units_can_be_ordered(quantity: int) -> None:
    assert request(("MUG", quantity)).lines[0].quantity == quantity


@pytest.mark.parametrize(
    "quantity", [0, -1, 100, 1.5, 1.0, "2", True, None, 2**31, 2**63, float("inf"), float("nan"), [2], {"n": 2}]
)
def test_scenario_26_any_other_quantity_is_refused(quantity: Any) -> None:
    with pytest.raises(ValidationError):
        request(("MUG", quantity))


@pytest.mark.parametrize(
    "changes",
    [
        {"lines": []},
        {"lines": [{"sku": f"S{index}", "quantity": 1} for index in range(51)]},
        {"lines": [{"sku": "MUG", "quantity": 1}, {"sku": "MUG", "quantity": 2}]},
        {"lines": [{"sku": "MUG", "quantity": 1, "unit_price": {"amount": 1, "currency": "USD"}}]},
        {"lines": [{"sku": "", "quantity": 1}]},
        {"lines": [{"sku": "MUG#1", "quantity": 1}]},
        {"lines": [{"sku": "MUG\n", "quantity": 1}]},
        {"lines": [{"sku": "x" * 65, "quantity": 1}]},
        {"payment_method": "pm_amex"},
        {"payment_method": None},
        {"customer_id": "customer-b"},
        {"total": {"amount": 1, "currency": "USD"}},
        {"expected_total": {"amount": -1, "currency": "USD"}},
        {"expected_total": {"amount": 1, "currency": "usd"}},
        {"shipping_address": None},
    ],
)
def test_a_request_outside_its_limits_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        request(**changes)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 201),
        ("line1", None),
        ("city", "x" * 101),
        ("postal_code", 12345),
        ("country", "us"),
        ("country", "USA"),
        ("planet", "Mars"),
    ],
)
def test_an_address_outside_its_limits_is_refused(field: str, value: Any) -> None:
    body = wanted()
    body["shipping_address"][field] = value
    with pytest.raises(ValidationError):
        OrderRequest.model_validate(body)


# ── Which order it is ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_order_s_id_is_its_key_s_and_nobody_else_s() -> None:
    asked = [
        (secret, customer, key, generation)
        for secret in ("s1", "s2")
        for customer in ("a", "b", "a\x00b")
        for key in ("k", "b\x00k", "k1")
        for generation in (0, 1, 10)
    ]
    ids = {domain.order_id(*each) for each in asked}
    # "a", "b\0k" and "a\0b", "k" would be the same text; neither Cognito's ids nor keys hold a NUL.
    assert len(ids) == len(asked) - 2 * 3
    assert domain.order_id("s1", "a", "k", 0) == domain.order_id("s1", "a", "k", 0)
    assert all(order_id.startswith("ord_") and len(order_id) == 36 for order_id in ids)


def test_a_key_stands_for_its_order_for_24_hours() -> None:
    order = an_order()
    assert domain.within_window(order, NOW)
    assert domain.within_window(order, NOW + timedelta(hours=24) - timedelta(microseconds=1))
    assert not domain.within_window(order, NOW + timedelta(hours=24))


def test_scenario_29_a_clock_that_runs_behind_still_knows_the_order() -> None:
    assert domain.within_window(an_order(), NOW - timedelta(minutes=10))


def test_an_order_as_placed_shows_nothing_of_what_became_of_it() -> None:
    placed = an_order(needs_review=True)
    held = domain.hold(placed, NOW + timedelta(hours=1))
    approved = domain.approve(held, "fine", NOW + timedelta(hours=2))
    cancelled = domain.cancel(domain.confirm(approved, NOW + timedelta(hours=3)), "why", NOW + timedelta(hours=4))
    attended = domain.settlement_failed(cancelled, 3, "settlement_failed", NOW + timedelta(hours=5))
    assert domain.as_placed(attended) == placed


def test_an_order_as_placed_has_none_of_what_a_later_field_would_tell() -> None:
    class Grown(Order):
        refunded_at: str | None = None

    grown = Grown.model_validate({**an_order().model_dump(), "refunded_at": "yesterday"})
    assert domain.as_placed(grown) == an_order()
