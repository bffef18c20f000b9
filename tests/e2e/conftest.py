"""One deployed shop for all end-to-end tests, and the audit after each of them."""

import fcntl
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from audit import run_audit
from deployed.seeding import seed_shop
from deployed.stack import Stack
from emulator import broker, deploy, lifecycle
from tests.support.deployment import switch_checkout
from tests.support.desk import Desk
from tests.support.permissions import Recorded
from tests.support.shop import Person, RunningShop

HOME = lifecycle.PROJECT / ".local" / "e2e"
# The first test waits for build and deployment. A crowd's checkouts take as long as the machine needs.
TEST_SECONDS = 900
QUIET_SECONDS = 120.0
CROWDS = "test_crowds.py"
# The origin whose web pages may call the shop.
ORIGINS = ("https://shop.example", "http://localhost:5173")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.xdist_group("e2e"))
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))
    yield
    # Crowds come last, because every audit reads all orders.
    items.sort(key=lambda item: item.path.name == CROWDS)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A new shop on its own embedded AWS, with every option turned on. Nothing of an earlier run is reused."""
    with alone():
        broker.stop(HOME)
        lifecycle.stop(HOME)
        shutil.rmtree(HOME, ignore_errors=True)
        try:
            running = lifecycle.start(HOME, 0)
            kafka = {"Kafka": "existing", "KafkaBrokers": broker.start(HOME)}
            deploy.deploy(HOME, running, lambda _progress: None, {**kafka, "AllowedOrigins": ",".join(ORIGINS)})
            yield seed_shop(Stack.local(HOME), lambda _progress: None).stack
        finally:
            lifecycle.stop(HOME)
            broker.stop(HOME)


@contextmanager
def alone() -> Iterator[None]:
    """Two runs, or two workers of one run, would interfere with each other's stack."""
    HOME.parent.mkdir(exist_ok=True)
    with HOME.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pytest.fail("Another process runs the end-to-end tests in this folder.")
        yield


@pytest.fixture(scope="session")
def shop(stack: Stack) -> RunningShop:
    return RunningShop(stack)


@pytest.fixture(scope="session", params=["STANDARD", "EXPRESS"])
def checkout(request: pytest.FixtureRequest, shop: RunningShop) -> str:
    """Runs the test once with each type of workflow, because both must keep the same promises."""
    kind: str = request.param
    switch_checkout(shop, kind)
    return kind


@pytest.fixture
def customer(shop: RunningShop) -> Person:
    return shop.customer


@pytest.fixture
def operator(shop: RunningShop) -> Person:
    return shop.operator


@pytest.fixture
def desk(shop: RunningShop, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(shop, capsys)


@pytest.fixture(scope="session")
def blamed() -> set[str]:
    """Faults that an earlier test has already reported: all tests share one stack, and its faults stay."""
    return set()


@pytest.fixture(scope="session")
def recorded(stack: Stack) -> Recorded:
    return Recorded(stack)


@pytest.fixture(autouse=True)
def nothing_is_denied(shop: RunningShop, recorded: Recorded) -> Iterator[None]:
    """No role lacks a permission, except for those that the test has removed on purpose."""
    yield
    denied = {use for use in recorded.denied() if (use.role, use.action) not in shop.may_be_denied}
    shop.may_be_denied.clear()
    assert sorted(map(str, denied)) == [], "calls were denied"


@pytest.fixture(autouse=True)
def audit(stack: Stack, blamed: set[str]) -> Iterator[None]:
    """After every test, everything that must hold does hold once the shop is quiet."""
    yield
    results = run_audit(stack, patience=QUIET_SECONDS)
    found = [(result, [fault for fault in result.faults if fault not in blamed]) for result in results]
    blamed.update(fault for _result, faults in found for fault in faults)
    lines = [
        f"{'✗' if faults else '✓'} {result.number} {result.name}: {result.figures}"
        + "".join(f"\n    {f}" for f in faults)
        for result, faults in found
    ]
    assert not any(faults for _result, faults in found), "\n".join(("the audit found faults", *lines))
