"""Buying in the storefront, and what a shop says when something is in the way."""

import gzip

import pytest
from playwright.sync_api import Route, expect

from tests.support.browsing import Visitor
from tests.support.eventually import until
from tests.support.shop import Order, RunningShop, given_back

# By test card: the stamp on the order in the end, and a sentence of its page.
CARDS = {
    "pm_timeout": ("Confirmed", "The answer got lost, so the shop asked again."),
    "pm_declined": ("Rejected", "The bank declined the card."),
    "pm_insufficient_funds": ("Rejected", "There was too little money on the card."),
    "pm_capture_fails": ("Rejected", "Hold on the card lifted"),
}
FIRST_VIEW_BYTES, FIRST_VIEW_REQUESTS = 100_000, 10


def test_the_first_view_is_small(visitor: Visitor) -> None:
    visitor.goes_to("/")
    expect(visitor.page.locator(".tile:not(.tile--waiting)").first).to_be_visible()
    visitor.page.wait_for_load_state("networkidle")
    answers = [response for request in visitor.requests if (response := request.response())]
    sizes = {answer.url: len(gzip.compress(answer.body())) for answer in answers}
    told = "\n".join(f"{size:7} {url}" for url, size in sizes.items())
    assert len(visitor.requests) <= FIRST_VIEW_REQUESTS, told
    assert sum(sizes.values()) <= FIRST_VIEW_BYTES, told


def test_a_visitor_buys_watches_the_retry_and_cancels(shop: RunningShop, buyer: Visitor) -> None:
    mug = shop.sells(5, price=1800)
    buyer.puts_into_the_cart(2 * mug)
    buyer.page.reload()
    expect(buyer.page.get_by_role("link", name="Cart, 2 items")).to_be_visible()

    buyer.fills_in_the_checkout("pm_flaky")
    buyer.orders()
    order = Order(shop, buyer.order_id())
    buyer.sees("Failed twice, asked again each time.")
    buyer.sees_status("Confirmed")
    expect(buyer.page.get_by_role("link", name="Cart, empty")).to_be_visible()

    buyer.button("Cancel the order").click()
    buyer.button("Cancel it").click()
    buyer.sees_status("Cancelled")
    buyer.sees("Money refunded")
    buyer.sees("Goods back on the shelf")
    assert order.charge == given_back(3600)

    buyer.goes_to("/orders")
    expect(buyer.page.locator(f"a[href='#/orders/{order.id}']")).to_be_visible()


@pytest.mark.parametrize("card", CARDS)
def test_each_card_does_what_stands_beside_it(shop: RunningShop, buyer: Visitor, card: str) -> None:
    status, sentence = CARDS[card]
    buyer.buys(shop.sells(5), card)
    buyer.sees_status(status)
    buyer.sees(sentence)


def test_a_price_that_changed_is_shown_before_it_is_paid(shop: RunningShop, buyer: Visitor) -> None:
    mug = shop.sells(5, price=1800)
    buyer.puts_into_the_cart(mug)
    buyer.fills_in_the_checkout()
    expect(buyer.page.get_by_role("button", name="Order for $18.00")).to_be_visible()
    shop.prices(mug, 2100)
    until(lambda: shop.known(mug) or {}, lambda row: row["price"]["amount"] == 2100, "the new price")

    buyer.orders()
    buyer.sees("Prices have changed since you looked, and nothing is ordered yet.")
    buyer.page.get_by_role("button", name="Order for $21.00").click()
    buyer.order_id()
    buyer.sees_status("Confirmed")


def test_what_others_bought_meanwhile_is_not_charged(shop: RunningShop, buyer: Visitor) -> None:
    mug = shop.sells(1)
    buyer.puts_into_the_cart(mug)
    buyer.fills_in_the_checkout()
    expect(buyer.page.get_by_role("button", name="Order for")).to_be_visible()
    shop.another_customer.orders(mug).becomes("CONFIRMED")

    buyer.orders()
    buyer.sees_status("Rejected")
    buyer.sees("There was not enough left of what you ordered.")
    buyer.goes_to(f"/products/{mug.sku}")
    buyer.sees("Sold out")


def test_a_double_click_buys_once(shop: RunningShop, buyer: Visitor) -> None:
    mug = shop.sells(5)
    buyer.puts_into_the_cart(mug)
    buyer.fills_in_the_checkout()
    buyer.page.get_by_role("button", name="Order for").dblclick()
    buyer.order_id()
    buyer.sees_status("Confirmed")
    assert shop.stock(mug) == (4, 0)


def test_an_answer_that_never_came_buys_once(shop: RunningShop, buyer: Visitor) -> None:
    """The order is placed, and the browser is told nothing: not by the first answer, and not by the second."""
    mug = shop.sells(5)
    buyer.puts_into_the_cart(mug)
    buyer.fills_in_the_checkout()

    def lose(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    buyer.page.route("**/v1/orders", lose)
    buyer.orders()
    buyer.sees("We do not know whether the order arrived.")
    buyer.page.unroute("**/v1/orders", lose)
    buyer.page.reload()
    buyer.order_id()
    buyer.sees_status("Confirmed")
    assert shop.stock(mug) == (4, 0)


def test_two_tabs_share_the_cart_and_buy_it_once(shop: RunningShop, buyer: Visitor) -> None:
    mug = shop.sells(5)
    buyer.puts_into_the_cart(mug)
    with buyer.another_tab() as other:
        other.goes_to("/")
        expect(other.page.get_by_role("link", name="Cart, 1 item")).to_be_visible()
        for tab in (buyer, other):
            tab.fills_in_the_checkout()

        buyer.orders()
        buyer.order_id()
        expect(other.page.get_by_role("link", name="Cart, empty")).to_be_visible()
        other.sees("Nothing to pay for")
    buyer.sees_status("Confirmed")
    assert shop.stock(mug) == (4, 0)


def test_a_shop_that_does_not_answer_says_so_and_recovers(shop: RunningShop, buyer: Visitor) -> None:
    buyer.buys(shop.sells(5))
    buyer.sees_status("Confirmed")
    with buyer.cut_off():
        buyer.sees("The shop does not answer at the moment.")
        expect(buyer.button("Ask now")).to_be_visible()
    expect(buyer.page.get_by_text("The shop does not answer at the moment.")).to_have_count(0)

    with buyer.cut_off():
        buyer.goes_to("/")
        buyer.page.reload()
        buyer.sees("The shop does not answer at the moment.")
    buyer.button("Try again").first.click()
    expect(buyer.page.locator(".tile:not(.tile--waiting)").first).to_be_visible()


def test_the_window_shows_what_is_looked_at(shop: RunningShop, visitor: Visitor) -> None:
    """Fed by the page's own clicks, sent when it is left at the latest."""
    sku = "LANTERN-SOLAR"
    before = _views(shop, sku)
    visitor.goes_to(f"/products/{sku}")
    visitor.sees_heading("lantern")
    visitor.page.goto("about:blank")
    until(lambda: _views(shop, sku), lambda views: views > before, "the view is counted")


def _views(shop: RunningShop, sku: str) -> int:
    products = shop.stranger.asks("GET", "trending").json()["products"]
    return sum(product["views"] for product in products if product["sku"] == sku)
