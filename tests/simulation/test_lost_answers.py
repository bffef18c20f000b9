"""Scenario 17: captured and the answer lost. Scenario 18: captured, and the order cannot be confirmed."""

from datetime import timedelta

import pytest

from payment.domain import Operation, gateway_key
from tests.simulation.crowd import Turn
from tests.simulation.stage import LEDGER, ORDERS, UNITS, Stage
from tests.simulation.stories import CHECKOUT

TOTAL = 2900
_A_WHILE = timedelta(minutes=11)


def test_scenario_17_the_gateway_captures_and_its_answer_is_lost(stage: Stage) -> None:
    checkout = stage.place("pm_timeout")
    stage.goes_to(checkout, "Capture payment")
    stage.next_task(checkout)
    assert (checkout.state, stage.money) == ("Capture payment", (TOTAL, 0, False)), "captured, and nobody heard"
    stage.comes_to_rest()
    confirmed_with_one_capture(stage)


def test_scenario_17_the_function_dies_when_the_gateway_has_captured(stage: Stage) -> None:
    checkout = stage.place()
    stage.goes_to(checkout, "Capture payment")
    stage.goes_on(stage.stopping_before(checkout, "PutItem", LEDGER), Turn.DIE_AFTER)
    assert (checkout.state, stage.money) == ("Capture payment", (TOTAL, 0, False))
    stage.comes_to_rest()
    confirmed_with_one_capture(stage)


def test_scenario_17_the_whole_checkout_dies_when_the_gateway_has_captured(stage: Stage) -> None:
    checkout = stage.place()
    stage.goes_to(checkout, "Capture payment")
    stage.goes_on(stage.stopping_before(checkout, "PutItem", LEDGER), Turn.DIE_AFTER)
    checkout.aborted()
    stage.shop.tick(_A_WHILE)
    stage.comes_to_rest()
    assert len(stage.checkouts) == 2, "the reconciler started it again"
    confirmed_with_one_capture(stage)


def test_scenario_17_a_capture_that_was_given_up_answers_after_all(stage: Stage) -> None:
    """The task timed out while the function stood before the gateway; another one asked the gateway meanwhile."""
    checkout = stage.place()
    stage.goes_to(checkout, "Capture payment")
    late = stage.stopping_before(checkout, "PutItem", LEDGER)
    checkout.timed_out()
    stage.next_task(checkout)
    assert checkout.state == "Confirm order"
    stage.goes_on(late)
    stage.comes_to_rest()
    confirmed_with_one_capture(stage)


def test_scenario_18_it_was_cancelled_in_between(stage: Stage) -> None:
    checkout = stage.place()
    stage.goes_to(checkout, "Confirm order")
    stage.cancel()
    stage.comes_to_rest()
    given_back(stage, "CANCELLED")


def test_scenario_18_confirm_fails_for_good(stage: Stage) -> None:
    checkout = stage.place()
    stage.goes_to(checkout, "Confirm order")
    stage.shop.aws.down = {ORDERS}
    stage.goes_to(checkout, "Reject order")
    stage.shop.aws.down = set()
    stage.comes_to_rest()
    given_back(stage, "REJECTED")


def test_scenario_18_confirm_and_reject_fail_and_so_does_every_restart(stage: Stage) -> None:
    """The reconciler rejects at last."""
    checkout = stage.place()
    stage.goes_to(checkout, "Confirm order")
    stage.shop.aws.down = {ORDERS}
    while checkout.status == "RUNNING":
        stage.next_task(checkout)
    assert (checkout.status, stage.status) == ("FAILED", "PLACED")
    stage.shop.aws.down = set()
    stage.shop.losing = {CHECKOUT}
    for _ in range(5):
        stage.shop.tick(_A_WHILE)
        stage.shop.settle_down()
    stage.comes_to_rest()
    given_back(stage, "REJECTED")


@pytest.mark.parametrize(
    ("state", "method"),
    [
        ("Reserve goods", "pm_visa"),
        ("Authorize payment", "pm_visa"),
        ("Hold for review", "pm_review"),
        ("Capture payment", "pm_visa"),
    ],
)
def test_scenario_18_as_at_every_earlier_step(stage: Stage, state: str, method: str) -> None:
    checkout = stage.place(method)
    stage.goes_to(checkout, state)
    stage.cancel()
    stage.comes_to_rest()
    assert (stage.status, stage.stock) == ("CANCELLED", (UNITS, 0))
    assert stage.charge is None or stage.money in {(0, 0, True), (TOTAL, TOTAL, False)}


def confirmed_with_one_capture(stage: Stage) -> None:
    assert (stage.status, stage.money, stage.goods) == ("CONFIRMED", (TOTAL, 0, False), "COMMITTED")
    assert stage.charge
    assert list(stage.charge["answers"]) == [
        gateway_key(stage.order_id, Operation.AUTHORIZE),
        gateway_key(stage.order_id, Operation.CAPTURE),
    ]
    assert stage.published("PaymentCaptured") == ["PaymentCaptured"]


def given_back(stage: Stage, status: str) -> None:
    assert (stage.status, stage.money, stage.goods) == (status, (TOTAL, TOTAL, False), "RELEASED")
    assert stage.stock == (UNITS, 0)
    assert stage.published("PaymentCaptured", "PaymentRefunded") == ["PaymentCaptured", "PaymentRefunded"]
