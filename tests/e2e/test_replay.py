"""What happened can be told again: everything from the archive, a read model from what it was made of."""

import pytest

from tests.support.books import books
from tests.support.desk import Desk
from tests.support.eventually import eventually, until
from tests.support.faults import switched_off
from tests.support.quiet import quiet
from tests.support.shop import Person, RunningShop

pytestmark = pytest.mark.e2e

BOUGHT = [
    *("OrderPlaced", "StockReserved", "PaymentAuthorized", "PaymentCaptured", "OrderConfirmed", "StockCommitted"),
    *["NotificationSent"] * 2,
]


def test_the_whole_archive_replayed_changes_nothing(shop: RunningShop, customer: Person, desk: Desk) -> None:
    """Scenario 16: no charge, no mail, no movement of stock, and the read models are the same."""
    mug = shop.sells(stock=5)
    orders = [customer.orders(mug, paying_with=card) for card in ("pm_visa", "pm_declined", "pm_capture_fails")]
    orders[0].becomes("CONFIRMED")
    customer.cancels(orders[0])
    until(lambda: quiet(shop), bool, "a quiet shop")
    before = books(shop)

    said = desk.types("replay", "--since", "beginning")

    assert {"Order/TimelineRule", "Workflows/CheckoutOrderPlaced", "Payment/SettleRule"} <= set(said["rules"])
    assert {"Notify/AttentionRule", "Notify/LowStockRule"} <= set(said["left_out"])
    until(lambda: quiet(shop), bool, "a quiet shop", within=300)
    assert books(shop) == before


def test_a_timeline_that_was_not_written_is_rebuilt_from_the_archive(
    shop: RunningShop, customer: Person, desk: Desk
) -> None:
    with switched_off(shop, "Order/TimelineRule"):
        order = customer.orders(shop.sells(stock=1))
        order.becomes("CONFIRMED")
        eventually(lambda: order.mails, ["OrderPlaced", "OrderConfirmed"])
        eventually(lambda: order.goods, "COMMITTED")
    assert "OrderPlaced" not in order.story

    desk.types("rebuild", "timeline")

    order.await_story(*BOUGHT)


def test_a_catalogue_that_went_wrong_is_rebuilt_from_the_inventory(shop: RunningShop, desk: Desk) -> None:
    lost, wrong = shop.sells_each([1, 1], price=1000)
    right = shop.known(wrong)
    assert right
    orders = shop.table("Order/Orders")
    shop.aws("dynamodb").delete_item(TableName=orders, Key={"pk": {"S": f"product#{lost.sku}"}})
    shop.aws("dynamodb").update_item(
        TableName=orders,
        Key={"pk": {"S": f"product#{wrong.sku}"}},
        UpdateExpression="SET price.amount = :free",
        ExpressionAttributeValues={":free": {"N": "0"}},
    )

    assert desk.types("rebuild", "catalogue")["replaced"] == [wrong.sku]

    assert shop.known(wrong) == right
    assert (shop.known(lost) or {})["price"]["amount"] == 1000
