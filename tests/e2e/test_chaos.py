"""The shop keeps its promises while it fails on purpose. docs/proof.md has longer runs."""

import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from deployed.faults import FILE
from emulator import lifecycle
from tests.support.desk import Desk
from tests.support.shop import RunningShop

pytestmark = pytest.mark.e2e

KINDS = {"error", "lost", "throttle", "delay", "duplicate", "reorder", "kill"}


@pytest.mark.usefixtures("checkout")
def test_chaos_breaks_no_promise(shop: RunningShop, desk: Desk, record_property: Callable[[str, object], None]) -> None:
    report = desk.types("chaos", "--orders", "60", "--seed", "1", "--faults", "0.1")

    assert (report["ok"], report["violations"]) == (True, [])
    assert report["injected"].keys() == KINDS
    assert sum(report["endings"].values()) == 60
    assert not (shop.stack.file.parent / FILE).exists()
    suffered = sum(sum(by_service.values()) for by_service in report["injected"].values())
    record_property("figures", f"chaos: 60 orders under {suffered} faults in {report['seconds']:.0f} s, 0 violations")


def test_weather_ends_with_ctrl_c_and_leaves_nothing(shop: RunningShop) -> None:
    home = shop.stack.file.parent
    running = lifecycle.status(home)
    assert running
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "--home", str(home), "weather", "--seed", "4"],
        cwd=lifecycle.PROJECT,
        env=lifecycle.environment(running),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert " errors: the payments table fails one call in five for " in process.stdout.readline()
        assert (home / FILE).exists()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()

    assert process.returncode == 0
    assert " over: the payments table fails one call in five after " in rest
    assert "✓ Fair again" in rest
    assert not (home / FILE).exists()
