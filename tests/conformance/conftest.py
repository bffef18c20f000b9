"""One embedded AWS for this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import lifecycle
from tests.emulator.account import Account


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents and item.path.name == "test_promises.py":
            item.add_marker(pytest.mark.emulator)
            item.add_marker(pytest.mark.xdist_group("conformance"))


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    home = tmp_path_factory.mktemp("emulator")
    running = lifecycle.start(home, 0)
    yield Account(running, tmp_path_factory.mktemp("files"))
    lifecycle.stop(home)
