"""Somebody in a real browser: what they do and see, and all that a page must never do while they look."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Route,
    StorageState,
    ViewportSize,
    expect,
)

from deployed.stack import User
from tests.support.shop import Goods

DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
# A checkout takes as long as a busy machine needs.
PATIENCE_MILLISECONDS = 90_000
expect.set_options(timeout=PATIENCE_MILLISECONDS)


@dataclass
class Visitor:
    """One browser profile at the storefront; `faults` are what its pages did and should not."""

    page: Page
    home: str
    allowed_origins: tuple[str, ...]
    faults: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    # ── What they do ────────────────────────────────────────────────────────────────────────────────────────────────

    def goes_to(self, route: str) -> None:
        """A route of the storefront: `/orders`."""
        self.page.goto(f"{self.home.rstrip('/')}/#{route}")

    def fills_in(self, **fields: str) -> None:
        """The fields of a form by their labels: `E_mail` is "E-mail", `New_password` is "New password"."""
        for name, value in fields.items():
            label = "E-mail" if name == "E_mail" else name.replace("_", " ")
            self.page.get_by_label(label, exact=True).fill(value)

    def signs_in(self, user: User) -> None:
        self.goes_to("/sign-in")
        self.fills_in(E_mail=user.email, Password=user.password)
        self.button("Sign in").click()
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()

    def puts_into_the_cart(self, goods: Goods) -> None:
        self.goes_to(f"/products/{goods.sku}")
        for _ in range(goods.quantity):
            self.button("Put into the cart").click()
        expect(self.page.get_by_text(f"{goods.quantity} in your cart")).to_be_visible()

    def fills_in_the_checkout(self, card: str = "pm_visa") -> None:
        self.goes_to("/checkout")
        self.button("Use an example").click()
        self.page.get_by_role("radio", name=card).check()

    def orders(self) -> None:
        self.page.get_by_role("button", name="Order for").click()

    def buys(self, goods: Goods, card: str = "pm_visa") -> str:
        """Returns the id of the order whose page is open then."""
        self.puts_into_the_cart(goods)
        self.fills_in_the_checkout(card)
        self.orders()
        return self.order_id()

    def order_id(self) -> str:
        self.page.wait_for_url("**/#/orders/ord_*")
        return self.page.url.rsplit("/", 1)[-1]

    # ── What they see ───────────────────────────────────────────────────────────────────────────────────────────────

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()

    def sees_heading(self, text: str) -> None:
        expect(self.page.get_by_role("heading", name=text).first).to_be_visible()

    def sees_status(self, label: str) -> None:
        """The stamp on the page of an order."""
        expect(self.page.locator(".stamp")).to_have_text(label)

    def sees_it_whole(self) -> None:
        """A heading, and nothing that is still on its way."""
        expect(self.page.locator("main h1").first).to_be_visible()
        expect(self.page.locator("main :is(.waiting, .tile--waiting, .loading, [aria-busy=true])")).to_have_count(0)
        self.page.wait_for_load_state("networkidle")

    def accessibility_faults(self) -> list[str]:
        """What axe-core finds on the page as it is now, of any weight."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{fault['id']} ({fault['impact']}): {'; '.join(str(node['target']) for node in fault['nodes'])}"
            for fault in found
        ]

    @contextmanager
    def another_tab(self) -> Iterator["Visitor"]:
        """In the same browser profile. What its pages do wrong counts as theirs."""
        other = Visitor(self.page.context.new_page(), self.home, self.allowed_origins, self.faults)
        other.watch()
        yield other
        other.page.close()

    # ── What goes wrong around them ─────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """The API does not answer; the pages themselves are here already."""

        def unplugged(route: Route) -> None:
            route.abort("connectionrefused")

        self.page.route("**/v1/**", unplugged)
        yield
        self.page.unroute("**/v1/**", unplugged)

    def changes_the_session(self, how: str) -> dict[str, Any]:
        """What the browser keeps of it, before `how` (JavaScript) has changed it."""
        kept: dict[str, Any] = self.page.evaluate(
            f"""() => {{
                const before = localStorage.getItem("cartwheel.session");
                const session = JSON.parse(before);
                {how};
                localStorage.setItem("cartwheel.session", JSON.stringify(session));
                return JSON.parse(before);
            }}"""
        )
        return kept

    def watch(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        self.page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        # The browser itself reports each HTTP error response; what pages make of them is for the tests to see.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        self.requests.append(request)
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and f"{parts.scheme}://{parts.netloc}" not in self.allowed_origins:
            self.faults.append(f"another origin: {request.url}")


@dataclass(frozen=True)
class Storefront:
    """Where browsers find the shop, and whom its pages may ask."""

    browser: Browser
    home: str
    origins: tuple[str, ...]
    _sessions: dict[User, StorageState] = field(default_factory=dict)

    @contextmanager
    def visit(self, user: User | None = None, *, viewport: ViewportSize = DESKTOP) -> Iterator[Visitor]:
        """A fresh profile, in which the user is signed in. Afterwards its pages have neither reported an error, nor
        broken the policy, nor asked anybody else."""
        context = self.browser.new_context(
            viewport=viewport,
            color_scheme="light",
            reduced_motion="reduce",
            locale="en-US",
            timezone_id="UTC",
            storage_state=self._session(user) if user else None,
        )
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        visitor = Visitor(context.new_page(), self.home, self.origins)
        visitor.watch()
        try:
            yield visitor
        finally:
            context.close()
        assert not visitor.faults, "\n".join(visitor.faults)

    def _session(self, user: User) -> StorageState:
        """What the sign-in page leaves in a browser, once for each."""
        if user not in self._sessions:
            with self.visit() as visitor:
                visitor.signs_in(user)
                self._sessions[user] = visitor.page.context.storage_state()
        return self._sessions[user]
