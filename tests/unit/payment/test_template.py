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


def test_settle_knows_its_queues_last_delivery_and_calls_a_person_before_it() -> None:
    deliveries = property_of("SettleQueue", "RedrivePolicy", "maxReceiveCount")
    variables = property_of("Settle", "Environment", "Variables")
    assert int(variables["SETTLE_ATTEMPTS"]) < int(variables["LAST_DELIVERY"]) == deliveries


def test_pm_settle_fails_as_often_as_the_queue_delivers_and_one_redrive_heals_it() -> None:
    deliveries = property_of("SettleQueue", "RedrivePolicy", "maxReceiveCount")
    for undo in ("void", "refund"):
        assert deliveries <= sandbox_gateway._FAILING["pm_settle_fails", undo] < 2 * deliveries
