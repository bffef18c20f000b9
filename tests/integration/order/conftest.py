from collections.abc import Iterator

import pytest

from tests.support.orders import Orders, orders_on_moto


@pytest.fixture
def orders() -> Iterator[Orders]:
    with orders_on_moto() as orders:
        yield orders
