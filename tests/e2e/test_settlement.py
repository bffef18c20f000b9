"""When the gateway will not give money back, the order says so until somebody has seen to it."""

import pytest

from audit import run_audit
from cli.app import main
from tests.support.eventually import eventually
from tests.support.faults import event_of, seen_again_soon
from tests.support.shop import Charged, Person, RunningShop, given_back, held, let_go, taken

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("checkout")]

CHEAP, UNDER_REVIEW = 1000, 250_000


@pytest.mark.parametrize(
    ("price", "status", "money", "undone"),
    [
        (CHEAP, "CONFIRMED", (taken(CHEAP), given_back(CHEAP)), "PaymentRefunded"),
        (UNDER_REVIEW, "AWAITING_REVIEW", (held(UNDER_REVIEW), let_go(UNDER_REVIEW)), "PaymentVoided"),
    ],
)
def test_an_order_whose_money_is_stuck_calls_for_a_person_and_settling_again_heals_it(
    shop: RunningShop, customer: Person, price: int, status: str, money: tuple[Charged, Charged], undone: str
) -> None:
    """Scenario 19."""
    stuck, healed = money
    mug = shop.sells(stock=5, price=price)
    order = customer.orders(mug, paying_with="pm_settle_fails")
    order.becomes(status)

    with seen_again_soon(shop, "Payment/SettleQueue"):
        assert customer.cancels(order).status_code == 202

        eventually(lambda: (order.now["attention"] or {}).get("reason"), "settlement_failed")
        assert order.now["status"] == "CANCELLED"
        eventually(lambda: {"PaymentSettlementFailed", "OrderNeedsAttention"} <= set(order.story), True)
        eventually(lambda: shop.stock(mug), (5, 0))
        assert order.charge == stuck
        closing = event_of(order, "OrderCancelled")["detail"]["event_id"]
        results = run_audit(shop.stack, expect_dead={closing})
        assert [fault for result in results for fault in result.faults] == []
        undeclared = next(result for result in run_audit(shop.stack, patience=0) if result.number == 5)
        assert any(fault.startswith("Payment/SettleDeadLetters: 1 message") for fault in undeclared.faults)

        assert main(["--home", str(shop.stack.file.parent), "settle", order.id]) == 0

    assert order.now["attention"] is None
    assert order.charge == healed
    eventually(lambda: undone in order.story, True)
