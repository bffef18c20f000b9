"""Somebody in a real browser: what they see, and all that a page must never do while they look."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, ViewportSize, expect

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

    def goes_to(self, route: str) -> None:
        """A route of the storefront: `/orders`."""
        self.page.goto(f"{self.home}#{route}")

    def accessibility_faults(self) -> list[str]:
        """What axe-core finds on the page as it is now, of any weight."""
        found = Axe().run(self.page).response["violations"]
        return [f"{fault['id']}: {', '.join(str(node['target']) for node in fault['nodes'])}" for fault in found]

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


@contextmanager
def visiting(
    browser: Browser, home: str, allowed_origins: tuple[str, ...], viewport: ViewportSize = DESKTOP
) -> Iterator[Visitor]:
    """A fresh profile. Afterwards its pages have neither reported an error, nor broken the policy, nor asked anybody
    else."""
    context = browser.new_context(viewport=viewport, locale="en-US", timezone_id="UTC")
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    try:
        visitor = Visitor(context.new_page(), home, allowed_origins)
        visitor.watch()
        yield visitor
    finally:
        context.close()
    assert not visitor.faults, "\n".join(visitor.faults)
