"""The gateway keeps its own promises, whatever the payment service asks: that is what makes its ledger a witness."""

import pytest

from contracts.types import Money
from payment.gateway import CaptureRefused, Declined, RefundRefused, VoidRefused
from payment.sandbox_gateway import SandboxGateway
from tests.support.payments import ORDER, TOTAL, Service

gateway = SandboxGateway()


@pytest.fixture(autouse=True)
def _tables(service: Service) -> None:
    gateway.authorize("a", ORDER, TOTAL, "pm_visa")


def test_a_key_is_carried_out_once(service: Service) -> None:
    first = gateway.capture("c", ORDER)
    charge = service.charge()
    assert gateway.capture("c", ORDER) == first
    assert service.charge() == charge


def test_a_refusal_is_final_for_its_key() -> None:
    gateway.void("v", ORDER)
    for _ in range(2):
        with pytest.raises(CaptureRefused, match="voided"):
            gateway.capture("c", ORDER)


def test_an_answer_outlives_what_came_after_it(service: Service) -> None:
    """A late call repeats an old answer; it brings nothing back to life."""
    gateway.void("v", ORDER)
    charge = service.charge()
    assert gateway.authorize("a", ORDER, TOTAL, "pm_visa").amount == TOTAL
    assert service.charge() == charge


def test_nothing_is_captured_twice() -> None:
    gateway.capture("c", ORDER)
    with pytest.raises(CaptureRefused):
        gateway.capture("another", ORDER)


def test_nothing_is_voided_after_its_capture(service: Service) -> None:
    gateway.capture("c", ORDER)
    with pytest.raises(VoidRefused, match="captured"):
        gateway.void("v", ORDER)
    charge = service.charge()
    assert charge
    assert not charge.voided


def test_nothing_is_captured_or_voided_that_was_not_authorized() -> None:
    with pytest.raises(Declined, match="declined"):
        gateway.authorize("a", "ord_declined", TOTAL, "pm_declined")
    for order_id in ("ord_declined", "ord_unknown"):
        with pytest.raises(CaptureRefused):
            gateway.capture("c", order_id)
        with pytest.raises(VoidRefused):
            gateway.void("v", order_id)


def test_no_more_is_refunded_than_was_captured(service: Service) -> None:
    with pytest.raises(RefundRefused):
        gateway.refund("before", ORDER, TOTAL)
    gateway.capture("c", ORDER)
    gateway.refund("r", ORDER, TOTAL)
    with pytest.raises(RefundRefused):
        gateway.refund("another", ORDER, Money(amount=1))
    charge = service.charge()
    assert charge
    assert (charge.captured, charge.refunded) == (TOTAL.amount, TOTAL.amount)


def test_another_currency_is_not_refunded() -> None:
    gateway.capture("c", ORDER)
    with pytest.raises(RefundRefused):
        gateway.refund("r", ORDER, Money(amount=TOTAL.amount, currency="EUR"))


def test_an_unknown_card_is_declined() -> None:
    with pytest.raises(Declined, match="unknown_payment_method"):
        gateway.authorize("a", "ord_2", TOTAL, "pm_unheard_of")
