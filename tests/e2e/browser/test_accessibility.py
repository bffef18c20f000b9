"""The storefront for everybody: by screen reader, by keyboard alone, large, small, light and dark; and what its pages
must never do."""

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.support.browsing import DESKTOP, PHONE, Storefront, Visitor
from tests.support.shop import Order, Person, RunningShop

# 1280 pixels at 400 %, as WCAG 2.2 has it (1.4.10, Reflow).
NARROW: ViewportSize = {"width": 320, "height": 640}
ROUTES = [
    *("/", "/products/TEAPOT-IRON-08", "/cart", "/checkout", "/orders", "/no/such/page"),
    "/architecture",
    *("/sign-in", "/sign-up", "/confirm?email=you@example.com", "/new-password"),
    *("/operators", "/operators/review", "/operators/attention", "/operators/dead-letters", "/operators/break"),
]
# How far things may move while the first view appears, all together; "good" ends at 0.1 (web.dev/articles/cls).
MOST_SHIFT = 0.02
WATCH_SHIFTS = """
    window.shifts = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.shifts += entry.value; }))
        .observe({ type: "layout-shift", buffered: true });
"""
MOST_TABS = 300
INLINE_SCRIPT = """() => {
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);
}"""
ELSEWHERE = "fetch('http://127.0.0.1/').then(() => { window.ran = true; }, () => null)"


@pytest.fixture
def routes(customer: Person, shop: RunningShop) -> list[str]:
    """All pages, and orders in each of their states."""
    waiting = customer.orders(shop.sells(5), paying_with="pm_review")
    rejected = customer.orders(shop.sells(5), paying_with="pm_capture_fails")
    rejected.becomes("REJECTED", "payment_capture_refused")
    waiting.becomes("AWAITING_REVIEW")
    return [*ROUTES, f"/orders/{waiting.id}", f"/orders/{rejected.id}"]


def test_every_page_is_accessible_in_both_themes_and_at_every_width(boss: Visitor, routes: list[str]) -> None:
    """axe-core finds nothing of any weight, and nothing scrolls sideways."""
    boss.goes_to("/products/LANTERN-SOLAR")
    boss.button("Put into the cart").click()
    found = []
    for route in routes:
        boss.opens(route)
        for viewport in (DESKTOP, PHONE):
            boss.page.set_viewport_size(viewport)
            for colours in ("light", "dark"):
                boss.page.emulate_media(color_scheme=colours)
                found += [f"{route}, {colours}, {viewport}: {fault}" for fault in boss.accessibility_faults()]
        boss.page.set_viewport_size(NARROW)
        if width := boss.page.evaluate("Math.max(0, document.documentElement.scrollWidth - innerWidth)"):
            found.append(f"{route}: {width} pixels too wide")
    assert not found, "\n".join(found)


def test_the_focus_follows_from_page_to_page(boss: Visitor) -> None:
    boss.opens("/")
    for route in ROUTES[1:]:
        boss.opens(route)
        expect(boss.page.locator("main h1").first).to_be_focused()


def test_the_keyboard_alone_buys_something(shop: RunningShop, buyer: Visitor) -> None:
    def goes_on_to(name: str) -> None:
        """With Tab alone, and always seeing where one is."""
        for _ in range(MOST_TABS):
            buyer.page.keyboard.press("Tab")
            focused = buyer.page.evaluate(FOCUSED)
            if name in focused["name"]:
                assert focused["shown"], f"nothing shows that {name} has the focus"
                return
        raise AssertionError(f"Tab does not lead to {name}")

    buyer.opens("/")
    # Which products stand first depends on what other tests have added.
    put_in = buyer.page.locator(".tile__add:enabled").first.get_attribute("aria-label") or ""
    for name, key in (
        (put_in, "Space"),
        ("Cart", "Enter"),
        ("To the till", "Enter"),
        ("Use an example", "Space"),
        ("pm_visa", "Space"),
        ("Order for", "Enter"),
    ):
        buyer.sees_it_whole()
        goes_on_to(name)
        buyer.page.keyboard.press(key)
    order = Order(shop, buyer.order_id())
    expect(buyer.page.locator("main h1")).to_be_focused()
    buyer.sees_status("Confirmed")
    assert order.now["lines"][0]["name"] in put_in


FOCUSED = """() => {
    const focused = document.activeElement;
    const label = focused.labels?.[0];
    const outlined = (element) => element && getComputedStyle(element).outlineStyle !== "none";
    return {
        name: focused.matches("body") ? "" : focused.ariaLabel ?? label?.textContent ?? focused.textContent,
        shown: outlined(focused) || outlined(label),
    };
}"""


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("route", ["/", "/architecture"])
def test_nothing_moves_while_the_first_view_appears(storefront: Storefront, viewport: ViewportSize, route: str) -> None:
    with storefront.visit(viewport=viewport) as visitor:
        visitor.page.add_init_script(WATCH_SHIFTS)
        visitor.opens(route)
        assert visitor.page.evaluate("window.shifts") < MOST_SHIFT


@pytest.mark.parametrize("planted", [INLINE_SCRIPT, ELSEWHERE], ids=["inline script", "another origin"])
def test_the_policy_forbids_and_every_test_would_tell(storefront: Storefront, planted: str) -> None:
    def plant() -> None:
        with storefront.visit() as visitor:
            visitor.goes_to("/")
            with visitor.page.expect_console_message():
                visitor.page.evaluate(planted)
            assert visitor.page.evaluate("window.ran") is None

    with pytest.raises(AssertionError, match="Content Security Policy"):
        plant()
