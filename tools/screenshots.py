"""docs/pictures: what the shop looks like. `make screenshots` drives a browser through the running shop and takes them.

An order is placed that needs a second try; for the dead letters e-mails are switched off, as an operator would, and on
again afterwards. Needs Chromium, and a shop that was just filled: pictures show whatever orders there are.
"""

import base64
import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect, sync_playwright
from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.terminal_theme import TerminalTheme

from contracts.types import Goods
from deployed.front_door import FrontDoor
from deployed.stack import PROJECT, Stack, User
from deployed.users import sign_in
from tools.one_order import ADDRESS

PICTURES: Final = PROJECT / "docs" / "pictures"
STORY: Final = PICTURES / "story.svg"
TRACE: Final = PICTURES / "trace.svg"
_GOODS = [Goods(sku="TEAPOT-IRON-08", quantity=1), Goods(sku="MUG-STONE-350", quantity=2)]
_WIDTH, _HEIGHT, _QUALITY = 1120, 900, 66
_PATIENCE_SECONDS = 240
expect.set_options(timeout=30_000)
# From 120 on, a story has a waterfall.
_STORY_COLUMNS = 122
_TRACE_COLUMNS = 100
# The shop's own colours, and fonts that the reader has: the picture asks no other address for anything.
_THEME = TerminalTheme(
    (35, 28, 24),
    (245, 233, 214),
    [
        (35, 28, 24),
        (255, 138, 110),
        (155, 212, 156),
        (240, 190, 83),
        (143, 179, 217),
        (216, 160, 200),
        (134, 200, 196),
        (245, 233, 214),
    ],
)
_TERMINAL_SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<title>COMMAND</title>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
<rect width="{width}" height="{height}" rx="10" fill="#231c18"/>
<text class="{unique_id}-matrix" x="{terminal_x}" y="28" fill="#f0be53">$ COMMAND</text>
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">
{matrix}
</g></g>
</svg>
"""


def main() -> None:
    stack = Stack.local(PROJECT / ".local")
    shop, customer, operator = stack.details.storefront_url, stack.details.customers[0], stack.details.operators[0]
    if shop is None:
        raise SystemExit("This shop has no storefront: deploy it with Storefront=ON.")
    PICTURES.mkdir(exist_ok=True)
    order_id = _ordered(stack, "pm_flaky")
    with _browser() as browser:
        _look_around(_page(browser), shop)
        page = _page(browser)
        _sign_in(page, shop, customer)
        page.goto(f"{shop}#/orders/{order_id}")
        expect(page.get_by_text("Order confirmed").first).to_be_visible(timeout=_PATIENCE_SECONDS * 1000)
        _take(page, "order")
        _take_dead_letters(_page(browser), stack, shop, operator)
        for theme in ("light", "dark"):
            page = _page(browser, theme)
            page.goto(shop)
            expect(page.get_by_role("heading", level=3).first).to_be_visible()
            _take(page, f"shop-{theme}")
    for path, command, columns in ((STORY, "story", _STORY_COLUMNS), (TRACE, "trace", _TRACE_COLUMNS)):
        path.write_text(terminal_picture(f"./shop {command}", _said(command, order_id, columns), columns))


def terminal_picture(command: str, said: str, columns: int) -> str:
    """What a terminal showed after a command, as a picture. `said` has its colours as ANSI codes."""
    console = Console(record=True, width=columns, file=Path(os.devnull).open("w"), force_terminal=True)  # noqa: SIM115
    for line in AnsiDecoder().decode(said):
        console.print(line)
    drawn = console.export_svg(
        theme=_THEME, code_format=_TERMINAL_SVG.replace("COMMAND", command), unique_id="terminal"
    )
    return re.sub(r"[ \t]+$", "", drawn, flags=re.MULTILINE)


@contextlib.contextmanager
def _browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("Install Chromium first: apt-get install chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


def _page(browser: Browser, theme: Any = "light") -> Page:
    return browser.new_page(
        viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme=theme, locale="en-US", reduced_motion="reduce"
    )


def _look_around(page: Page, shop: str) -> None:
    """So that the shop window can tell what people look at."""
    for sku in ("MUG-STONE-350", "MUG-STONE-350", "LANTERN-SOLAR", "BOWL-RAMEN-2"):
        page.goto(f"{shop}#/products/{sku}")
        expect(page.get_by_role("button", name="cart").first).to_be_visible()
    page.goto(f"{shop}#/")
    expect(page.get_by_role("heading", level=3).first).to_be_visible()


def _sign_in(page: Page, shop: str, user: User) -> None:
    page.goto(f"{shop}#/sign-in")
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(user.password)
    page.locator("form").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def _take_dead_letters(page: Page, stack: Stack, shop: str, operator: User) -> None:
    _sign_in(page, shop, operator)
    page.goto(f"{shop}#/operators/break")
    page.get_by_role("button", name="Break it: Switch e-mails off").click()
    expect(page.get_by_text("It is broken now")).to_be_visible()
    try:
        _ordered(stack, "pm_visa")
        page.goto(f"{shop}#/operators/dead-letters")
        read = page.get_by_role("button", name="Read messages of Notify/EmailDeadLetters")
        read.click(timeout=_PATIENCE_SECONDS * 1000)
        for event in ("OrderPlaced", "OrderConfirmed"):
            expect(page.get_by_role("heading", name=event)).to_be_visible(timeout=_PATIENCE_SECONDS * 1000)
        _take(page, "dead-letters")
    finally:
        page.goto(f"{shop}#/operators/break")
        page.get_by_role("button", name="Heal it: Switch e-mails off").click()
        expect(page.get_by_text("It works again")).to_be_visible()


def _take(page: Page, name: str) -> None:
    """As WebP, which Chromium writes itself; Playwright's own pictures are PNG, five times as large."""
    page.mouse.move(0, 0)
    page.wait_for_load_state("networkidle")
    answer = page.context.new_cdp_session(page).send(
        "Page.captureScreenshot", {"format": "webp", "quality": _QUALITY, "captureBeyondViewport": False}
    )
    (PICTURES / f"{name}.webp").write_bytes(base64.b64decode(answer["data"]))


def _ordered(stack: Stack, payment_method: str) -> str:
    with FrontDoor(stack.details.api_url, sign_in(stack, stack.details.customers[0].email)) as door:
        placed, _ = door.place(_GOODS, payment_method=payment_method, shipping_address=ADDRESS, key=str(uuid.uuid4()))
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (order := door.order(placed.order_id)).status == "PLACED" and time.monotonic() < deadline:
            time.sleep(0.3)
    if order.status != "CONFIRMED":
        raise SystemExit(f"{order.order_id} is {order.status}: ./shop story {order.order_id}")
    return order.order_id


def _said(command: str, order_id: str, columns: int) -> str:
    return subprocess.run(
        ["./shop", command, order_id],
        cwd=PROJECT,
        env={**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(columns)},
        capture_output=True,
        check=True,
        text=True,
    ).stdout


if __name__ == "__main__":
    main()
    sys.stdout.write(f"{PICTURES.relative_to(PROJECT)} is written\n")
