"""The bus can be watched live, and the watcher leaves no trace."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from emulator import lifecycle
from tests.support.eventually import until
from tests.support.shop import Person, RunningShop

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("ends_by", ["itself", "Ctrl-C"])
def test_whoever_watches_sees_an_orders_events_pass_and_leaves_nothing_behind(
    shop: RunningShop, customer: Person, ends_by: str
) -> None:
    mug = shop.sells(stock=1)
    number = ["--events", "3"] if ends_by == "itself" else []
    with at_the_terminal(shop, "watch", "--source", "payment", "--source", "order", *number) as watching:
        until(lambda: watchers(shop), lambda found: len(found) == 2, "a rule and a queue")
        customer.orders(mug).becomes("CONFIRMED")
        assert watching.stdout
        seen = [json.loads(watching.stdout.readline()) for _ in range(3)]
        if ends_by == "Ctrl-C":
            watching.send_signal(signal.SIGINT)
        assert watching.wait(30) == 0

    assert {event["type"] for event in seen} == {"OrderPlaced", "PaymentAuthorized", "PaymentCaptured"}
    assert watchers(shop) == []


@contextmanager
def at_the_terminal(shop: RunningShop, *line: str) -> Iterator[subprocess.Popen[str]]:
    home = shop.stack.file.parent
    running = lifecycle.status(home)
    assert running
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "--home", str(home), "--json", *line],
        cwd=lifecycle.PROJECT,
        env=lifecycle.environment(running),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def watchers(shop: RunningShop) -> list[str]:
    """Rules and queues of whoever watches."""
    bus = shop.table("Bus")
    rules = shop.aws("events").list_rules(EventBusName=bus, NamePrefix=f"{bus}-watch-")["Rules"]
    queues = shop.aws("sqs").list_queues(QueueNamePrefix=f"{bus}-watch-").get("QueueUrls", [])
    return [*(rule["Name"] for rule in rules if targets_of(shop, rule["Name"])), *queues]


def targets_of(shop: RunningShop, rule: str) -> list[Any]:
    found: list[Any] = shop.aws("events").list_targets_by_rule(Rule=rule, EventBusName=shop.table("Bus"))["Targets"]
    return found
