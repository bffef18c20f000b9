"""The storefront of the deployed stack, in Debian's Chromium."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from deployed.stack import Stack
from tests.support.browsing import Storefront, Visitor


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if not chromium:
        missing = "no Chromium here: apt-get install chromium fonts-liberation"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium)
        yield running
        running.close()


@pytest.fixture(scope="session")
def storefront(browser: Browser, stack: Stack) -> Storefront:
    """Its pages may ask their own origin, and the user pool's endpoint."""
    home, endpoint = stack.details.storefront_url, stack.details.endpoint_url
    assert home, "the stack has a storefront"
    assert endpoint, "the stack is on this machine"
    return Storefront(browser, home, (home.rstrip("/"), endpoint.rstrip("/")))


@pytest.fixture
def visitor(storefront: Storefront) -> Iterator[Visitor]:
    with storefront.visit() as somebody:
        yield somebody


@pytest.fixture
def buyer(storefront: Storefront, stack: Stack) -> Iterator[Visitor]:
    """A customer who is signed in."""
    with storefront.visit(stack.details.customers[0]) as somebody:
        yield somebody


@pytest.fixture
def boss(storefront: Storefront, stack: Stack) -> Iterator[Visitor]:
    """An operator who is signed in, in a browser of their own."""
    with storefront.visit(stack.details.operators[0]) as somebody:
        yield somebody
