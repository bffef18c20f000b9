"""An order's row is what the readers of its stream were promised."""

import pytest

from contracts.orders_stream import OrderImage, OrderStatus
from order.store import row_of
from shopkit.dynamodb import from_item, to_item
from tests.unit.order.orders import an_order


@pytest.mark.parametrize("status", OrderStatus)
def test_every_orders_row_keeps_the_promise(status: OrderStatus) -> None:
    row = from_item(to_item(row_of(an_order(status=status, version=3), revision=7)))

    assert OrderImage.model_validate(row) == OrderImage(order_id="ord_1", status=status)
