"""One embedded AWS for this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import lifecycle
from emulator.lifecycle import Running
from tests.emulator.account import Account


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here talks to the one server, so they run in one worker."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.emulator)
            item.add_marker(pytest.mark.xdist_group("emulator"))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("emulator")


@pytest.fixture(scope="session")
def running(folder: Path) -> Iterator[Running]:
    yield lifecycle.start(folder, 0)
    lifecycle.stop(folder)


@pytest.fixture(scope="session")
def account(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Account:
    return Account(running, tmp_path_factory.mktemp("files"))
