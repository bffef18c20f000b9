"""What an order's notifications cost in DynamoDB's write units."""

import pytest

from contracts.types import Money, OrderLine
from tests.integration.notify.conftest import Surroundings, confirmed, deliver, placed
from tests.support.tables import ROOT
from tests.support.write_units import metered
from tools.expand import expand


def order(customer_id: str) -> list[str]:
    """Delivers what is told of a confirmed order of two lines. Returns what goes back to the queue."""
    lines = tuple(OrderLine(sku=sku, quantity=2, name="A stoneware mug", unit_price=Money(amount=1450)) for sku in "ab")
    order_id = "ord_0123456789abcdef0123456789abcdef"
    told = (placed(customer_id, order_id), confirmed(customer_id, order_id))
    return deliver(*(one.model_copy(update={"data": one.data.model_copy(update={"lines": lines})}) for one in told))


@pytest.mark.usefixtures("verified_sender")
def test_two_sent_mails_cost_four_write_units(shop: Surroundings) -> None:
    """One for the intent and one for the outcome of each."""
    customer_id = shop.customer("somebody@example.com")
    with metered() as units:
        assert order(customer_id) == []
    assert units.total() == 4


def test_two_stored_mails_cost_two_write_units(shop: Surroundings) -> None:
    customer_id = shop.customer("somebody@example.com")
    with metered() as units:
        assert order(customer_id) == []
    assert units.total() == 2


def test_no_index_adds_to_that() -> None:
    table = expand(ROOT / "services/notify/template.yaml")["Resources"]["Notifications"]["Properties"]
    assert not {"GlobalSecondaryIndexes", "LocalSecondaryIndexes"} & table.keys()
