"""Scenario 20: the compensation arrives before what it compensates, at every point where it can.

Scenario 19: a compensation that keeps failing shows, until it succeeds.
"""

import pytest

from tests.simulation.crowd import Turn
from tests.simulation.stage import INVENTORY, LEDGER, PAYMENTS, UNITS, Stage
from tests.simulation.verdict import evidence_of

TOTAL = 2900
UNTOUCHED, VOIDED, REFUNDED = None, (0, 0, True), (TOTAL, TOTAL, False)


def test_scenario_20_settle_before_authorize(stage: Stage) -> None:
    checkout = stage.place()
    stage.goes_to(checkout, "Authorize payment")
    stage.cancel_and_settle()
    stage.next_task(checkout)
    assert checkout.state == "Reject order", "the tombstone closed the payment"
    ended(stage, UNTOUCHED)
    assert stage.published("PaymentAuthorized", "PaymentVoided") == []


@pytest.mark.parametrize("call", ["GetItem", "PutItem"])
def test_scenario_20_settle_between_authorizes_check_and_its_call(stage: Stage, call: str) -> None:
    checkout = stage.place()
    stage.goes_to(checkout, "Authorize payment")
    late = stage.stopping_before(checkout, call, LEDGER)
    stage.cancel_and_settle()
    assert stage.money == VOIDED, "settle asked again with the same key, and undid what it learnt"
    stage.goes_on(late)
    ended(stage, VOIDED)


def test_scenario_20_settle_between_authorizes_call_and_its_record(stage: Stage) -> None:
    checkout = stage.place()
    stage.goes_to(checkout, "Authorize payment")
    late = stage.stopping_before(checkout, "PutItem", LEDGER)
    stage.crowd.take_turn(late)
    assert late.before
    assert PAYMENTS in late.before.tables
    stage.cancel_and_settle()
    stage.goes_on(late)
    ended(stage, VOIDED)


def test_scenario_20_settle_before_capture(stage: Stage) -> None:
    checkout = stage.place()
    stage.goes_to(checkout, "Capture payment")
    stage.cancel_and_settle()
    stage.next_task(checkout)
    assert checkout.state == "Reject order"
    ended(stage, VOIDED)


@pytest.mark.parametrize("call", ["GetItem", "PutItem"])
def test_scenario_20_settle_between_captures_check_and_its_call(stage: Stage, call: str) -> None:
    checkout = stage.place()
    stage.goes_to(checkout, "Capture payment")
    late = stage.stopping_before(checkout, call, LEDGER)
    stage.cancel_and_settle()
    stage.goes_on(late)
    ended(stage, REFUNDED)


@pytest.mark.parametrize("state", ["Authorize payment", "Capture payment"])
def test_scenario_20_settle_between_the_check_and_the_intent(stage: Stage, state: str) -> None:
    """The intent is conditional on what the check saw."""
    checkout = stage.place()
    stage.goes_to(checkout, state)
    late = stage.stopping_before(checkout, "PutItem", PAYMENTS)
    stage.cancel_and_settle()
    stage.goes_on(late)
    assert checkout.state == "Reject order"
    ended(stage, UNTOUCHED if state == "Authorize payment" else VOIDED)


@pytest.mark.parametrize("turn", [Turn.DIE_BEFORE, Turn.DIE_AFTER])
@pytest.mark.parametrize(("state", "money"), [("Authorize payment", VOIDED), ("Capture payment", REFUNDED)])
def test_scenario_20_settle_when_the_gateway_was_asked_and_nobody_lives_to_tell(
    stage: Stage, state: str, money: tuple[int, int, bool], turn: Turn
) -> None:
    checkout = stage.place()
    stage.goes_to(checkout, state)
    stage.goes_on(stage.stopping_before(checkout, "PutItem", LEDGER), turn)
    checkout.aborted()
    stage.cancel_and_settle()
    ended(stage, money)


def test_scenario_20_release_before_reserve(stage: Stage) -> None:
    checkout = stage.place()
    stage.cancel()
    stage.sync()
    assert stage.goods == "RELEASED", "the tombstone"
    stage.next_task(checkout)
    assert checkout.state == "Reject order"
    ended(stage, UNTOUCHED)
    assert stage.published("StockReserved", "StockReleased") == ["StockReleased"]


def test_scenario_20_release_while_reserve_is_on_its_way(stage: Stage) -> None:
    checkout = stage.place()
    late = stage.stopping_before(checkout, "TransactWriteItems", INVENTORY)
    stage.cancel()
    stage.sync()
    stage.goes_on(late)
    assert checkout.state == "Reject order"
    ended(stage, UNTOUCHED)


def test_scenario_20_reserve_while_release_is_on_its_way(stage: Stage) -> None:
    """The release saw no reservation; its tombstone is conditional on that, so it looks again and gives back."""
    checkout = stage.place()
    stage.cancel()
    late = stage.crowd.start(stage.shop.stream("inventory.sync").begin())
    while not (late.before and late.before.operation == "TransactWriteItems"):
        stage.crowd.take_turn(late)
    stage.next_task(checkout)
    assert stage.goods == "RESERVED"
    stage.goes_on(late)
    assert stage.goods == "RELEASED"
    stage.comes_to_rest()
    assert (stage.status, stage.stock) == ("CANCELLED", (UNITS, 0))


@pytest.mark.parametrize("status", ["RELEASED", "RETURNED"])
def test_scenario_20_a_commit_that_comes_late_sells_nothing(stage: Stage, status: str) -> None:
    """It failed for half a day, lay in the failure bucket, and is redriven when the order has long been cancelled."""
    stage.place()
    while not stage.shop.stream("inventory.sync").ready:
        stage.shop.run(stage.shop.ready()[0].begin())
    confirmed = stage.shop.stream("inventory.sync")
    if status == "RETURNED":
        stage.sync()
        confirmed.parked.append(stage.shop.tables["Order.Orders"].stream[-1])
    else:
        confirmed.park()
    stage.cancel_and_settle()
    assert stage.goods == status
    stage.shop.run(confirmed.redrive(lambda _outcome: None))
    assert (stage.goods, stage.stock) == (status, (UNITS, 0))
    stage.comes_to_rest()


def test_scenario_19_a_settlement_that_keeps_failing_shows_until_it_succeeds(stage: Stage) -> None:
    stage.place()
    stage.comes_to_rest()
    stage.cancel()
    stage.shop.aws.down = {LEDGER}
    stage.shop.settle_down()
    order = evidence_of(stage.shop).orders[stage.order_id]
    assert (order.status, bool(order.attention), stage.goods) == ("CANCELLED", True, "RETURNED"), "the goods are back"
    assert stage.published("PaymentSettlementFailed", "OrderNeedsAttention") == [
        "PaymentSettlementFailed",
        "OrderNeedsAttention",
    ]
    stage.shop.aws.down = set()
    stage.shop.consumer("payment.settle").redrive()
    stage.comes_to_rest()
    assert evidence_of(stage.shop).orders[stage.order_id].attention is None
    assert stage.money == REFUNDED


def ended(stage: Stage, money: tuple[int, int, bool] | None) -> None:
    """Cancelled, the goods back, the money where it should be."""
    stage.comes_to_rest()
    assert (stage.status, stage.goods, stage.stock) == ("CANCELLED", "RELEASED", (UNITS, 0))
    assert (stage.money if stage.charge else None) == money
