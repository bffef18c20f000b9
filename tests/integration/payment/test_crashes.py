"""A function that dies just before or just after any of its AWS calls, and is tried again, leaves what it would have
left without dying: the same payment, the same ledger, the same events."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.envelope import Envelope
from payment.authorize import PaymentDeclined
from payment.gateway import CaptureRefused, GatewayTimeout
from tests.support.interleaving import Died, stopping_at_aws_calls
from tests.support.payments import Service, retrying

type Act = Callable[[Service, str], Any]

METHODS = [
    "pm_visa",
    "pm_declined",
    "pm_timeout",
    "pm_flaky",
    "pm_capture_fails",
]


def authorizing(method: str) -> Act:
    def act(service: Service, order_id: str) -> None:
        with suppress(PaymentDeclined):
            retrying(lambda: service.authorize(method, order_id))

    return act


def capturing(service: Service, order_id: str) -> None:
    with suppress(CaptureRefused):
        retrying(lambda: service.capture(order_id))


def capturing_once_unheard(service: Service, order_id: str) -> None:
    with pytest.raises(GatewayTimeout):
        service.capture(order_id)


def settling(service: Service, order_id: str) -> None:
    assert service.settle_from_queue(order_id)


def nothing(_service: Service, _order_id: str) -> None:
    pass


def after(*acts: Act) -> Act:
    def act(service: Service, order_id: str) -> None:
        for each in acts:
            each(service, order_id)

    return act


CASES = {
    **{f"authorize {method}": (nothing, authorizing(method)) for method in METHODS},
    **{
        f"capture {method}": (authorizing(method), capturing)
        for method in ("pm_visa", "pm_timeout", "pm_capture_fails", "pm_settle_fails")
    },
    "settle what never began": (nothing, settling),
    **{f"settle {method}, authorized": (authorizing(method), settling) for method in METHODS},
    **{
        f"settle {method}, captured": (after(authorizing(method), capturing), settling)
        for method in ("pm_visa", "pm_timeout", "pm_capture_fails")
    },
    "settle a capture nobody heard of": (after(authorizing("pm_timeout"), capturing_once_unheard), settling),
}


@pytest.mark.parametrize("case", CASES)
def test_death_at_any_call_changes_nothing(service: Service, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopkit.clock.now", lambda: datetime(2026, 1, 1, tzinfo=UTC))
    prepare, act = CASES[case]
    prepare(service, "ord_calm")
    points = dying_at(None, act, service, "ord_calm")
    assert points >= 4, "a case without calls proves nothing"
    for point in range(points):
        order_id = f"ord_died_at_{point}"
        prepare(service, order_id)
        dying_at(point, act, service, order_id)
    events = service.events_by_order()
    calm = left_behind(service, events, "ord_calm")
    for point in range(points):
        assert left_behind(service, events, f"ord_died_at_{point}") == calm, f"died at stop {point} of {points}"


def dying_at(point: int | None, act: Act, service: Service, order_id: str) -> int:
    """Runs the act, and again if it died; answers how many points of death it passed."""
    passed = 0

    def stop() -> None:
        nonlocal passed
        passed += 1
        if passed - 1 == point:
            raise Died

    with stopping_at_aws_calls(stop):
        try:
            act(service, order_id)
        except Died:
            act(service, order_id)
        else:
            assert point is None, "it was to die"
    return passed


def left_behind(service: Service, events: dict[str, list[Envelope[Any]]], order_id: str) -> Any:
    payment, charge = service.payment(order_id), service.charge(order_id)
    state = {
        "payment": payment and payment.model_dump(mode="json"),
        "charge": charge and charge.model_dump(mode="json"),
        "events": [event.model_dump(mode="json", exclude={"event_id"}) for event in events.get(order_id, [])],
    }
    return json.loads(json.dumps(state).replace(order_id, "the order"))
