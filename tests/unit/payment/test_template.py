"""Numbers that must agree between the template and the code."""

from pathlib import Path
from typing import Any

from payment import sandbox_gateway
from tools.expand import expand

RESOURCES = expand(Path("services/payment/template.yaml"))["Resources"]


def property_of(resource: str, *path: str) -> Any:
    found = RESOURCES[resource]["Properties"]
    for name in path:
        found = found[name]
    return found


def test_settle_knows_its_queues_last_attempt() -> None:
    allowed = property_of("SettleQueue", "RedrivePolicy", "maxReceiveCount")
    assert int(property_of("Settle", "Environment", "Variables", "MAX_RECEIVE_COUNT")) == allowed


def test_pm_settle_fails_more_often_than_the_queue_allows_and_one_redrive_heals_it() -> None:
    allowed = property_of("SettleQueue", "RedrivePolicy", "maxReceiveCount")
    for undo in ("void", "refund"):
        assert allowed < sandbox_gateway._FAILING["pm_settle_fails", undo] < 2 * allowed
