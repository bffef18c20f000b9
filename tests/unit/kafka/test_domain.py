"""What a confirmed order sold."""

from datetime import UTC, datetime

import pytest

from contracts.types import Money, OrderLine
from kafkabridge.domain import Sale, sales

AT = datetime(2024, 5, 17, 10, 59, 59, 999_999, tzinfo=UTC)
TEN = datetime(2024, 5, 17, 10, tzinfo=UTC)


def line(sku: str, quantity: int, price: int, currency: str = "USD") -> OrderLine:
    return OrderLine(sku=sku, quantity=quantity, name=sku, unit_price=Money(amount=price, currency=currency))


def test_a_line_is_a_sale_in_the_hour_of_the_confirmation() -> None:
    assert sales("ord_1", [line("tea", 3, 250)], AT) == [Sale("tea", TEN, "USD", units=3, revenue=750)]


def test_lines_of_one_product_are_one_sale_but_not_across_currencies() -> None:
    """A transaction may touch a counter only once."""
    found = sales("ord_1", [line("tea", 1, 250), line("tea", 2, 100), line("tea", 1, 90, "EUR")], AT)
    assert found == [Sale("tea", TEN, "USD", 3, 450), Sale("tea", TEN, "EUR", 1, 90)]


def test_what_is_returned_leaves_nothing() -> None:
    (sale,) = sales("ord_1", [line("tea", 3, 250)], AT)
    back = sale.returned()
    assert (sale.units + back.units, sale.revenue + back.revenue) == (0, 0)
    assert (back.sku, back.hour, back.currency) == (sale.sku, sale.hour, sale.currency)


@pytest.mark.parametrize(
    ("order_id", "lines"),
    [
        ("ord_1", []),
        ("", [line("tea", 1, 1)]),
        ("é" * 129, [line("tea", 1, 1)]),
        ("ord_1", [line("", 1, 1)]),
        ("ord_1", [line("t" * 257, 1, 1)]),
        ("ord_1", [line("tea", 1, 10**18 + 1)]),
        ("ord_1", [line("tea", 1, -(10**18) - 1)]),
        ("ord_1", [line("tea", 10**18 + 1, 0)]),
        ("ord_1", [line(f"sku{n}", 1, 1) for n in range(99)]),
    ],
)
def test_what_the_view_could_not_hold_is_refused(order_id: str, lines: list[OrderLine]) -> None:
    with pytest.raises(ValueError, match=r"of|than"):
        sales(order_id, lines, AT)
