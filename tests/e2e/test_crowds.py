"""Many buyers, few units: every unit is sold once, and everybody gets an answer."""

import pytest

from tests.support.eventually import eventually
from tests.support.shop import Shop

pytestmark = pytest.mark.e2e


@pytest.mark.usefixtures("checkout")
def test_two_hundred_buyers_of_fifty_units(shop: Shop) -> None:
    mug = shop.sells(stock=50)

    orders = shop.buyers(200, mug)

    assert shop.decided(orders, within=600) == {("CONFIRMED", None): 50, ("REJECTED", "out_of_stock"): 150}
    eventually(lambda: shop.stock(mug), (0, 0))
