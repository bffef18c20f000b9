"""Authorize and capture, as checkout calls them: one hold and one charge, however often it asks."""

import pytest

from payment.authorize import PaymentDeclined, ReviewRequired
from payment.domain import NotAuthorized, Operation, PaymentClosed, PaymentStatus
from payment.gateway import CaptureRefused, GatewayTimeout, GatewayUnavailable
from tests.support.payments import ORDER, TOTAL, Service, key, retrying

AUTHORIZED = {"order_id": ORDER, "status": "AUTHORIZED"}
CAPTURED = {"order_id": ORDER, "status": "CAPTURED"}


@pytest.mark.parametrize("method", ["pm_visa", "pm_review", "pm_timeout", "pm_flaky", "pm_settle_fails"])
def test_an_approved_order_is_charged_once_and_in_full(service: Service, method: str) -> None:
    assert retrying(lambda: service.authorize(method)) == AUTHORIZED
    assert retrying(service.capture) == CAPTURED
    charge = service.charge()
    assert charge
    assert (charge.amount, charge.currency, charge.payment_method) == (TOTAL.amount, TOTAL.currency, method)
    assert (charge.authorized, charge.captured, charge.refunded, charge.voided) == (
        TOTAL.amount,
        TOTAL.amount,
        0,
        False,
    )
    assert service.event_types() == ["PaymentAuthorized", "PaymentCaptured"]


@pytest.mark.parametrize(
    ("method", "reason"), [("pm_declined", "declined"), ("pm_insufficient_funds", "insufficient_funds")]
)
def test_a_declined_order_says_why_and_is_not_charged(service: Service, method: str, reason: str) -> None:
    for _ in range(2):
        with pytest.raises(PaymentDeclined, match=f"^{reason}$"):
            service.authorize(method)
    charge = service.charge()
    assert charge
    assert (charge.authorized, charge.captured) == (0, 0)
    assert charge.attempts == {key(Operation.AUTHORIZE): 1}
    assert [(event.type, event.data.reason) for event in service.events()] == [("PaymentDeclined", reason)]
    with pytest.raises(NotAuthorized):
        service.capture()


def test_an_order_that_needs_a_review_is_authorized_and_says_so_each_time(service: Service) -> None:
    for _ in range(2):
        with pytest.raises(ReviewRequired):
            service.authorize(needs_review=True)
    payment = service.payment()
    assert payment
    assert payment.status is PaymentStatus.AUTHORIZED
    assert service.event_types() == ["PaymentAuthorized"]


def test_a_declined_order_is_not_reviewed(service: Service) -> None:
    with pytest.raises(PaymentDeclined):
        service.authorize("pm_declined", needs_review=True)


def test_a_repeat_answers_what_is_recorded_without_asking_the_gateway(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.authorize()
    service.capture()
    monkeypatch.setattr("payment.gateway_calls.gateway", None)
    assert service.authorize() == AUTHORIZED
    assert service.capture() == CAPTURED
    assert service.event_types() == ["PaymentAuthorized", "PaymentCaptured"]


def test_a_lost_answer_is_asked_again_and_charges_once(service: Service) -> None:
    with pytest.raises(GatewayTimeout):
        service.authorize("pm_timeout")
    payment = service.payment()
    assert payment
    assert payment.unanswered is Operation.AUTHORIZE
    service.authorize("pm_timeout")
    with pytest.raises(GatewayTimeout):
        service.capture()
    charge = service.charge()
    assert charge
    assert charge.captured == TOTAL.amount, "the gateway acted before its answer was lost"
    assert service.capture() == CAPTURED
    assert service.charge() == charge, "the retry changed nothing"


def test_a_flaky_gateway_approves_at_the_third_attempt(service: Service) -> None:
    for _ in range(2):
        with pytest.raises(GatewayUnavailable):
            service.authorize("pm_flaky")
    assert service.authorize("pm_flaky") == AUTHORIZED
    charge = service.charge()
    assert charge
    assert charge.attempts == {key(Operation.AUTHORIZE): 3}


def test_a_refused_capture_stays_refused_and_keeps_the_hold(service: Service) -> None:
    service.authorize("pm_capture_fails")
    for _ in range(2):
        with pytest.raises(CaptureRefused):
            service.capture()
    payment = service.payment()
    assert payment
    assert payment.status is PaymentStatus.AUTHORIZED
    assert service.event_types() == ["PaymentAuthorized"]


def test_nothing_is_captured_before_it_is_authorized(service: Service) -> None:
    with pytest.raises(NotAuthorized):
        service.capture()
    assert service.charge() is None


def test_an_order_cannot_be_authorized_for_another_amount_or_method(service: Service) -> None:
    service.authorize("pm_visa")
    with pytest.raises(ValueError, match="another amount or method"):
        service.authorize("pm_review")


def test_after_the_order_closed_checkout_finds_the_payment_closed(service: Service) -> None:
    service.authorize()
    service.deliver()
    with pytest.raises(PaymentClosed):
        service.authorize()
    with pytest.raises(PaymentClosed):
        service.capture()


def test_the_payment_keeps_when_it_asked_and_what_it_heard(service: Service) -> None:
    service.authorize()
    service.capture()
    payment = service.payment()
    assert payment
    assert payment.amount == TOTAL
    assert set(payment.intents) == set(payment.answers) == {Operation.AUTHORIZE, Operation.CAPTURE}
    assert all(payment.intents[operation] <= answer.at for operation, answer in payment.answers.items())
    assert payment.answers[Operation.CAPTURE].amount == TOTAL
