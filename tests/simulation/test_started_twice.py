"""Scenario 6: checkout started twice for an order has one set of effects. Scenario 16: so has everything replayed."""

import pytest

from tests.simulation.crashes import left_behind
from tests.simulation.simulation import Worker
from tests.simulation.stage import LEDGER, UNITS, Stage
from tests.simulation.workflow import Execution

TOTAL = 2900


def test_scenario_6_concurrently(stage: Stage) -> None:
    """Step by step, side by side, at every AWS call."""
    executions = [stage.place(), stage.checkout_again()]
    while any(execution.ready for execution in executions):
        for execution in executions:
            if execution.ready:
                stage.crowd.start(Worker(stage.shop, execution).begin())
        while stage.crowd.busy:
            for busy in list(stage.crowd.busy):
                stage.crowd.take_turn(busy)
    assert [execution.status for execution in executions] == ["SUCCEEDED", "SUCCEEDED"]
    stage.comes_to_rest()
    assert (stage.status, stage.money, stage.goods) == ("CONFIRMED", (TOTAL, 0, False), "COMMITTED")
    assert stage.stock == (UNITS - 2, 0)
    assert stage.published("PaymentAuthorized", "PaymentCaptured") == ["PaymentAuthorized", "PaymentCaptured"]


@pytest.mark.parametrize("method", ["pm_visa", "pm_declined", "pm_capture_fails", "pm_review"])
def test_scenario_6_later(stage: Stage, method: str) -> None:
    stage.place(method)
    stage.comes_to_rest()
    before = left_behind(stage.shop)
    stage.checkout_again()
    stage.comes_to_rest()
    assert left_behind(stage.shop) == before


def test_scenario_6_one_fails_when_the_other_has_confirmed(stage: Stage) -> None:
    confirms, fails = one_that_confirms_and_one_that_rejects(stage)
    stage.next_task(confirms)
    stage.next_task(fails)
    stage.comes_to_rest()
    assert (stage.status, stage.money, stage.goods) == ("CONFIRMED", (TOTAL, 0, False), "COMMITTED")


def test_scenario_6_one_fails_before_the_other_confirms(stage: Stage) -> None:
    confirms, fails = one_that_confirms_and_one_that_rejects(stage)
    stage.next_task(fails)
    stage.next_task(confirms)
    stage.comes_to_rest()
    assert (stage.status, stage.money, stage.goods) == ("REJECTED", (TOTAL, TOTAL, False), "RELEASED")
    assert stage.stock == (UNITS, 0)


def test_scenario_6_both_want_the_last_units(stage: Stage) -> None:
    """An existing reservation wins over a shortage."""
    first = stage.place(quantity=UNITS)
    second = stage.checkout_again()
    stage.next_task(first)
    stage.next_task(second)
    assert first.state == second.state != "Reject order"
    assert stage.stock == (0, UNITS)
    stage.comes_to_rest()
    assert stage.status == "CONFIRMED"


def test_scenario_6_of_two_orders_for_the_last_units_one_gets_them(stage: Stage) -> None:
    first, second = stage.place(quantity=UNITS), stage.people.place("pm_visa", ("MUG", UNITS), key="order-2")
    stage.comes_to_rest()
    assert first.status == "SUCCEEDED"
    assert (stage.status, stage.stock) == ("CONFIRMED", (0, 0))
    stage.order_id = second
    assert (stage.status, stage.goods, stage.charge) == ("REJECTED", "REJECTED", None)


def one_that_confirms_and_one_that_rejects(stage: Stage) -> tuple[Execution, Execution]:
    """The gateway fails one of the two until that one gives up, and then works for the other."""
    confirms, fails = stage.place(), stage.checkout_again()
    stage.goes_to(fails, "Capture payment")
    stage.shop.aws.down = {LEDGER}
    stage.goes_to(fails, "Reject order")
    stage.shop.aws.down = set()
    stage.goes_to(confirms, "Confirm order")
    return confirms, fails


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("method", ["pm_visa", "pm_capture_fails", "pm_timeout", "pm_review"])
def test_scenario_16_the_whole_archive_replayed_changes_nothing(stage: Stage, method: str, times: int) -> None:
    """Nor does each event delivered twice more (scenario 9), or in the opposite order (scenario 10)."""
    stage.place(method)
    stage.comes_to_rest()
    stage.people.cancel(stage.order_id)
    stage.comes_to_rest()
    before = left_behind(stage.shop)
    for published in list(stage.shop.bus)[:: -1 if times == 2 else 1] * times:
        stage.shop.deliver(published.event)
    stage.comes_to_rest()
    assert left_behind(stage.shop) == before
