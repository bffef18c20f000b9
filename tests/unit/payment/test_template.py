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


def test_settle_calls_a_person_well_before_its_queue_gives_up() -> None:
    deliveries = property_of("SettleQueue", "RedrivePolicy", "maxReceiveCount")
    variables = property_of("Settle", "Environment", "Variables")
    assert int(variables["SETTLE_ATTEMPTS"]) < int(variables["RECORD_FIRST_FROM"])
    # Several deliveries may be turned away by Lambda, and one of them must still get through to record it.
    assert int(variables["RECORD_FIRST_FROM"]) + 5 <= deliveries


def test_pm_settle_fails_as_often_as_the_queue_delivers_and_one_redrive_heals_it() -> None:
    deliveries = property_of("SettleQueue", "RedrivePolicy", "maxReceiveCount")
    for undo in ("void", "refund"):
        assert deliveries <= sandbox_gateway._FAILING["pm_settle_fails", undo] < 2 * deliveries
