"""Many buyers, few units: every unit is sold once, and everybody gets an answer."""

from collections.abc import Callable

import pytest

from tests.support.eventually import eventually
from tests.support.shop import Person, RunningShop, taken

pytestmark = pytest.mark.e2e

PATIENCE_SECONDS = 600
# What the inventory says in its log before it tries a transaction again.
AGAIN = "rows are busy, trying again"


@pytest.mark.usefixtures("checkout")
def test_two_hundred_buyers_of_fifty_units(shop: RunningShop) -> None:
    mug = shop.sells(stock=50)

    orders = shop.buyers(200, mug)

    endings = shop.decided(orders, within=PATIENCE_SECONDS)
    assert endings == {("CONFIRMED", None): 50, ("REJECTED", "out_of_stock"): 150}
    eventually(lambda: shop.stock(mug), (0, 0))


def test_five_hundred_buyers_of_a_hundred_units(
    shop: RunningShop, record_property: Callable[[str, object], None]
) -> None:
    """Scenario 23."""
    mug = shop.sells(stock=100)
    before = shop.times_logged("Inventory/Logs", AGAIN)

    orders = shop.buyers(500, mug)

    endings = shop.decided(orders, within=PATIENCE_SECONDS)
    assert endings == {("CONFIRMED", None): 100, ("REJECTED", "out_of_stock"): 400}
    eventually(lambda: shop.stock(mug), (0, 0))
    again = shop.times_logged("Inventory/Logs", AGAIN) - before
    record_property("figures", f"500 buyers of 100 units: {again / 100:.2f} transactions tried again per sale")


@pytest.mark.usefixtures("checkout")
def test_two_products_bought_together_in_either_order(shop: RunningShop) -> None:
    """Scenario 23: no two buyers wait for each other."""
    mug, pan = shop.sells_each([20, 20])

    orders = shop.crowd([[mug, pan], [pan, mug]] * 25)

    endings = shop.decided(orders, within=PATIENCE_SECONDS)
    assert endings == {("CONFIRMED", None): 20, ("REJECTED", "out_of_stock"): 30}
    eventually(lambda: (shop.stock(mug), shop.stock(pan)), ((0, 0), (0, 0)))


@pytest.mark.usefixtures("checkout")
def test_fifty_lines_are_sold_together_or_not_at_all(shop: RunningShop, customer: Person) -> None:
    goods = shop.sells_each([3] * 50, price=100)

    bought = customer.orders(*(2 * each for each in goods))
    bought.becomes("CONFIRMED")
    refused = customer.orders(*(2 * each for each in reversed(goods)))
    refused.becomes("REJECTED", "out_of_stock")

    assert bought.charge == taken(10_000)
    eventually(lambda: {shop.stock(each) for each in goods}, {(1, 0)})
