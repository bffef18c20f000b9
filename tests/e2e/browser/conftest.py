"""The storefront of the deployed stack, in Debian's Chromium."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from deployed.stack import Stack
from tests.support.browsing import Visitor, visiting


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if not chromium:
        missing = "no Chromium here: apt-get install chromium fonts-liberation"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium)
        yield running
        running.close()


@pytest.fixture(scope="session")
def origins(stack: Stack) -> tuple[str, ...]:
    """Whom the storefront's pages may ask: itself, and the user pool's endpoint."""
    return (stack.details.storefront_url.rstrip("/"), stack.details.endpoint_url.rstrip("/"))


@pytest.fixture
def visitor(browser: Browser, stack: Stack, origins: tuple[str, ...]) -> Iterator[Visitor]:
    with visiting(browser, stack.details.storefront_url, origins) as somebody:
        yield somebody
