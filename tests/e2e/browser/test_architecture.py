"""The picture of the architecture, in which an order's way plays."""

from playwright.sync_api import Locator, expect

from tests.support.browsing import Visitor
from tests.support.shop import Order, RunningShop


def slider(somebody: Visitor) -> Locator:
    return somebody.page.get_by_role("slider", name="Step")


def node(somebody: Visitor, name: str) -> Locator:
    return somebody.page.locator(f"[data-node='{name}']")


def ways(somebody: Visitor, name: str) -> Locator:
    """Nodes that the order has reached."""
    return somebody.page.locator(f"[data-node='{name}'].lit")


def test_a_customer_sees_the_way_of_an_order(shop: RunningShop, buyer: Visitor) -> None:
    order = Order(shop, buyer.buys(shop.sells(5), "pm_declined"))
    buyer.sees_status("Rejected")
    buyer.sees("Card says no")
    buyer.page.get_by_role("link", name="See its way through the architecture").click()
    expect(buyer.page.get_by_label("Order", exact=True)).to_have_value(order.id)
    expect(buyer.button("PaymentDeclined")).to_be_visible()
    slider(buyer).press("End")
    # Goods go back by the stream, and money by the queue.
    for reached in (
        "Order/Place",
        "Workflows/Checkout",
        "Payment/Authorize",
        "Order/Reject",
        "Inventory/Sync",
        "Payment/Settle",
    ):
        expect(ways(buyer, reached)).to_have_count(1)
    for not_reached in ("Order/Confirm", "Payment/Capture", "Clickstream/Purchases", "Notify/Webhook"):
        expect(ways(buyer, not_reached)).to_have_count(0)
    slider(buyer).press("Home")
    buyer.sees("Nothing has happened yet.")
    slider(buyer).press("ArrowRight")
    expect(ways(buyer, "Order/Place")).to_have_count(1)
    expect(buyer.page.locator(".comet")).to_have_count(0)  # the visitor asked for less motion


def test_the_page_follows_the_newest_order(shop: RunningShop, buyer: Visitor) -> None:
    buyer.opens("/architecture")
    buyer.page.get_by_label("Follow the newest").check()
    with buyer.another_tab() as tab:
        order = Order(shop, tab.buys(shop.sells(5)))
        tab.sees_status("Confirmed")
    expect(buyer.page.get_by_label("Order", exact=True)).to_have_value(order.id)
    expect(ways(buyer, "Order/Confirm")).to_have_count(1)
    expect(ways(buyer, "Notify/Notifications")).to_have_count(1)
    assert order.id in buyer.page.url


def test_the_picture_is_read_by_keyboard(visitor: Visitor) -> None:
    visitor.opens("/architecture")
    node(visitor, "Order/Place").focus()
    visitor.page.keyboard.press("ArrowRight")
    visitor.page.keyboard.press("ArrowRight")
    expect(node(visitor, "Order/Catalogue")).to_be_focused()
    visitor.page.keyboard.press("Enter")
    dialog = visitor.page.get_by_role("dialog", name="Catalogue")
    for told in ("Keeps a replica of products", "services/order/src/order/catalogue.py", "per million runs"):
        expect(dialog).to_contain_text(told)
    assert visitor.accessibility_faults() == []
    visitor.page.keyboard.press("Escape")
    expect(visitor.page.get_by_role("dialog")).to_have_count(0)
    expect(node(visitor, "Order/Catalogue")).to_be_focused()


def test_a_visitor_plays_a_recorded_order_and_reads_its_events(visitor: Visitor) -> None:
    visitor.opens("/architecture")
    visitor.sees("A recorded order plays.")
    visitor.page.get_by_role("button", name="OrderConfirmed", exact=True).click()
    expect(ways(visitor, "Order/Confirm")).to_have_count(1)
    visitor.button("Play").click()
    expect(ways(visitor, "Clickstream/Counters")).to_have_count(1)
    visitor.page.get_by_role("button", name="Read the event OrderConfirmed").click()
    visitor.sees('"source": "shop.order"')
