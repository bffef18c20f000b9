"""The services' own stores on the embedded DynamoDB: pages of sharded indexes, and a crowd that buys a hot product."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from emulator import lifecycle
from inventory.domain import OutOfStock
from inventory.reserve import StockBusy
from order import store
from shopkit import aws
from tests.emulator.account import Account
from tests.property.test_order_pages import in_order, pages
from tests.support import tables
from tests.support.inventory import MUG, Inventory
from tests.unit.order.orders import NOW, an_order


@pytest.fixture
def dynamodb(account: Account) -> Iterator[Any]:
    """Makes the services' clients call the embedded AWS."""
    cached: Any = aws.client
    client = lifecycle.client(account.running, "dynamodb")
    cached.cache_clear()
    with patch("boto3.client", lambda _service, **_options: client):
        aws.client("dynamodb")
    yield client
    cached.cache_clear()


@pytest.mark.usefixtures("dynamodb")
def test_pages_of_all_orders_concatenate_to_the_sorted_whole() -> None:
    """Three orders of each moment, so that pages end between them."""
    environment = {"ORDERS_TABLE": tables.create_tables("order")["Orders"]}
    with patch.dict(os.environ, environment):
        for number in range(30):
            with patch.dict(os.environ, KEY_SHARDS=str(1 + number % 8)):
                store.add(an_order(order_id=f"ord_{number:032x}", placed_at=NOW + timedelta(seconds=number // 3)))
        for size in (1, 2, 4, 7, 30, 31):
            seen = [order for page in pages([size]) for order in page]
            assert in_order(seen)
            assert sorted(order.order_id for order in seen) == [f"ord_{number:032x}" for number in range(30)]
        due = list(store.open_since_before(NOW + timedelta(seconds=5)))
        assert in_order(due[::-1])
        assert len(due) == 15


@pytest.mark.usefixtures("dynamodb")
def test_a_crowd_buys_every_unit_of_a_hot_product_and_none_twice() -> None:
    with patch.dict(os.environ, INVENTORY_TABLE=tables.create_tables("inventory")["Inventory"]):
        inventory = Inventory(os.environ["INVENTORY_TABLE"], "")
        inventory.hot("mug", shards=8, units=40)

        def buy(number: int) -> str:
            while True:
                try:
                    inventory.reserve(f"ord_{number}", mug=1 + number % 3)
                except OutOfStock:
                    return "out of stock"
                except StockBusy:
                    continue
                return "reserved"

        with ThreadPoolExecutor(12) as pool:
            buying = [pool.submit(buy, number) for number in range(60)]
            pool.submit(inventory.put, "mug", {**MUG, "stock_shards": 3})
            answers = {number: one.result() for number, one in enumerate(buying)}
        sold = sum(1 + number % 3 for number, answer in answers.items() if answer == "reserved")
        smallest_refused = min(1 + number % 3 for number, answer in answers.items() if answer != "reserved")
        rows = inventory.rows_of("mug")
        assert sum(available for available, _ in rows) == 40 - sold < smallest_refused
        assert sum(reserved for _, reserved in rows) == sold
        assert min(available for available, _ in rows) >= 0
