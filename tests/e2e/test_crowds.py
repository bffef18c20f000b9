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


@pytest.mark.parametrize("shards", [1, 8])
def test_five_hundred_buyers_of_a_hundred_units(
    shop: RunningShop, record_property: Callable[[str, object], None], shards: int
) -> None:
    """Scenario 23, of an ordinary and of a hot product."""
    mug = shop.sells(stock=100, shards=shards)
    before = shop.times_logged("Inventory/Logs", AGAIN)

    orders = shop.buyers(500, mug)

    endings = shop.decided(orders, within=PATIENCE_SECONDS)
    assert endings == {("CONFIRMED", None): 100, ("REJECTED", "out_of_stock"): 400}
    eventually(lambda: shop.stock(mug), (0, 0))
    again = shop.times_logged("Inventory/Logs", AGAIN) - before
    record_property("figures", f"500 buyers of 100 units, rows: {shards}; {again / 100:.2f} tried again per sale")


@pytest.mark.usefixtures("checkout")
def test_orders_that_no_row_of_a_hot_product_can_fill_alone(shop: RunningShop) -> None:
    mug = shop.sells(stock=20, shards=8)

    orders = shop.crowd([[7 * mug]] * 6)

    endings = shop.decided(orders, within=PATIENCE_SECONDS)
    assert endings == {("CONFIRMED", None): 2, ("REJECTED", "out_of_stock"): 4}
    eventually(lambda: shop.stock(mug), (6, 0))


def test_every_order_of_a_crowd_is_listed_once_newest_first(shop: RunningShop, operator: Person) -> None:
    """Their index entries are spread over several keys."""
    orders = shop.buyers(40, shop.sells(stock=40))
    shop.decided(orders, within=PATIENCE_SECONDS)
    seen: list[tuple[str, str]] = []
    cursor = ""
    while len(seen) < 60:
        page = operator.asks("GET", f"orders?limit=7{cursor}").json()
        seen += [(order["placed_at"], order["order_id"]) for order in page["orders"]]
        if not page["next_cursor"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    times = [at for at, _ in seen]
    assert times == sorted(times, reverse=True)
    assert len(set(seen)) == len(seen)
    assert {order.id for order in orders} <= {order_id for _, order_id in seen}


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
