"""A closed order's money goes back: whatever was asked for it, in whatever order, and visibly when it cannot."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contracts.order import OrderCancelled, OrderRejected
from payment import gateway_calls, settle
from payment.authorize import PaymentDeclined
from payment.domain import Operation, PaymentClosed, PaymentStatus
from payment.gateway import CaptureRefused, GatewayTimeout, GatewayUnavailable
from tests.support.deliveries import sqs_event
from tests.support.interleaving import Died
from tests.support.payments import (
    MAX_RECEIVE_COUNT,
    ORDER,
    SETTLE_ATTEMPTS,
    TOTAL,
    Service,
    closing,
    key,
    retrying,
)

CLOSING = [OrderRejected, OrderCancelled]


def nothing_is_kept(service: Service) -> bool:
    """No money taken and not given back, and none held: by the gateway's own ledger."""
    charge = service.charge()
    if charge is None:
        return True
    held = charge.authorized > 0 and charge.captured == 0 and not charge.voided
    return charge.captured == charge.refunded and not held


def paid(service: Service, method: str = "pm_visa") -> None:
    retrying(lambda: service.authorize(method))
    retrying(service.capture)


def status(service: Service) -> PaymentStatus:
    payment = service.payment()
    assert payment
    assert payment.closed
    return payment.status


@pytest.mark.parametrize("event", CLOSING)
def test_what_was_held_is_voided(service: Service, event: type[OrderRejected | OrderCancelled]) -> None:
    service.authorize()
    assert service.deliver(event)
    assert nothing_is_kept(service)
    assert status(service) is PaymentStatus.VOIDED
    assert service.event_types() == ["PaymentAuthorized", "PaymentVoided"]


@pytest.mark.parametrize("event", CLOSING)
def test_what_was_taken_is_refunded(service: Service, event: type[OrderRejected | OrderCancelled]) -> None:
    paid(service)
    assert service.deliver(event)
    assert nothing_is_kept(service)
    assert status(service) is PaymentStatus.REFUNDED
    assert service.event_types() == ["PaymentAuthorized", "PaymentCaptured", "PaymentRefunded"]


@pytest.mark.parametrize("method", ["pm_visa", "pm_review", "pm_timeout", "pm_flaky", "pm_capture_fails"])
@pytest.mark.parametrize("reached", [Operation.AUTHORIZE, Operation.CAPTURE])
def test_every_payment_method_is_settled_within_the_queues_attempts(
    service: Service, method: str, reached: Operation
) -> None:
    retrying(lambda: service.authorize(method))
    if reached is Operation.CAPTURE:
        try:
            retrying(service.capture)
        except CaptureRefused:
            assert method == "pm_capture_fails"
    assert service.settle_from_queue()
    assert nothing_is_kept(service)


@pytest.mark.parametrize("method", ["pm_declined", "pm_insufficient_funds"])
def test_a_declined_payment_has_nothing_to_undo_and_says_nothing(service: Service, method: str) -> None:
    with pytest.raises(PaymentDeclined):
        service.authorize(method)
    assert service.deliver()
    assert status(service) is PaymentStatus.DECLINED
    assert service.event_types() == ["PaymentDeclined"]


def test_a_closing_event_delivered_three_times_settles_once(service: Service) -> None:
    paid(service)
    service.deliver()
    payment, charge = service.payment(), service.charge()
    assert service.deliver()
    assert service.deliver(OrderCancelled)
    assert (service.payment(), service.charge()) == (payment, charge)
    assert service.event_types().count("PaymentRefunded") == 1


def test_an_unknown_major_version_is_left_for_the_dead_letters(service: Service) -> None:
    message = sqs_event(closing(OrderRejected, ORDER))
    message["Records"][0]["body"] = message["Records"][0]["body"].replace('"version": 1', '"version": 2')
    assert settle.handler(message, None)["batchItemFailures"]
    assert service.payment() is None


class TestSettlementComesFirst:
    """The tombstone: whatever checkout still does is refused, or undone."""

    def test_before_authorize(self, service: Service) -> None:
        assert service.deliver()
        assert service.event_types() == []
        with pytest.raises(PaymentClosed):
            service.authorize()
        assert service.charge() is None
        assert service.event_types() == []

    def test_between_authorizes_check_and_its_call(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        before_the_call(monkeypatch, "authorize", service.deliver)
        with pytest.raises(PaymentClosed):
            service.authorize()
        assert nothing_is_kept(service)
        charge = service.charge()
        assert charge
        assert charge.voided, "the late call must not have opened another hold"
        assert service.event_types() == ["PaymentAuthorized", "PaymentVoided"]

    def test_between_a_declined_authorizes_check_and_its_call(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before_the_call(monkeypatch, "authorize", service.deliver)
        with pytest.raises(PaymentClosed):
            service.authorize("pm_declined")
        assert nothing_is_kept(service)
        assert service.event_types() == ["PaymentDeclined"]

    def test_between_authorizes_call_and_its_record(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        after_the_call(monkeypatch, "authorize", service.deliver)
        with pytest.raises(PaymentClosed):
            service.authorize()
        assert nothing_is_kept(service)
        assert service.event_types() == ["PaymentAuthorized", "PaymentVoided"]

    def test_before_capture(self, service: Service) -> None:
        service.authorize()
        service.deliver()
        with pytest.raises(PaymentClosed):
            service.capture()
        charge = service.charge()
        assert charge
        assert (charge.captured, charge.voided) == (0, True)

    def test_between_captures_check_and_its_call(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        service.authorize()
        before_the_call(monkeypatch, "capture", service.deliver)
        with pytest.raises(PaymentClosed):
            service.capture()
        assert nothing_is_kept(service)
        charge = service.charge()
        assert charge
        assert (charge.captured, charge.refunded) == (TOTAL.amount, TOTAL.amount)
        assert service.event_types() == ["PaymentAuthorized", "PaymentCaptured", "PaymentRefunded"]

    def test_between_captures_call_and_its_record(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        service.authorize()
        after_the_call(monkeypatch, "capture", service.deliver)
        with pytest.raises(PaymentClosed):
            service.capture()
        assert nothing_is_kept(service)

    def test_while_another_settlement_is_at_the_gateway(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paid(service)
        before_the_call(monkeypatch, "refund", service.deliver)
        assert service.deliver()
        charge = service.charge()
        assert charge
        assert charge.refunded == TOTAL.amount
        assert service.event_types().count("PaymentRefunded") == 1


class TestUnheardAnswers:
    """Checkout died, or never heard the answer: the settlement asks with the same key and learns it."""

    def test_an_authorization_nobody_heard_of_is_voided(self, service: Service) -> None:
        with pytest.raises(GatewayTimeout):
            service.authorize("pm_timeout")
        assert service.deliver()
        assert nothing_is_kept(service)
        assert service.event_types() == ["PaymentAuthorized", "PaymentVoided"]

    def test_a_capture_nobody_heard_of_is_refunded(self, service: Service) -> None:
        retrying(lambda: service.authorize("pm_timeout"))
        with pytest.raises(GatewayTimeout):
            service.capture()
        assert service.deliver()
        charge = service.charge()
        assert charge
        assert (charge.captured, charge.refunded) == (TOTAL.amount, TOTAL.amount)
        assert charge.attempts[key(Operation.CAPTURE)] == 1, "one capture"
        assert service.event_types() == ["PaymentAuthorized", "PaymentCaptured", "PaymentRefunded"]

    def test_a_question_that_never_arrived_is_asked_and_undone(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as down:
            before_the_call(down, "authorize", unavailable)
            with pytest.raises(GatewayUnavailable):
                service.authorize()
        assert service.charge() is None
        assert service.deliver()
        assert nothing_is_kept(service)
        assert status(service) is PaymentStatus.VOIDED


class TestTheGatewayGivesNothingBack:
    """The queue's last attempt calls for a person; a redrive finishes it."""

    @pytest.mark.parametrize("captured", [True, False])
    def test_after_the_last_attempt_it_shows_and_the_message_is_kept(self, service: Service, captured: bool) -> None:
        service.authorize("pm_settle_fails")
        if captured:
            service.capture()
        for attempt in range(1, SETTLE_ATTEMPTS):
            assert not service.deliver(attempt=attempt)
            payment = service.payment()
            assert payment
            assert payment.settlement_failed is None
        for attempt in range(SETTLE_ATTEMPTS, MAX_RECEIVE_COUNT + 1):
            assert not service.deliver(attempt=attempt), "the message must reach the dead letters"
        payment = service.payment()
        assert payment
        assert payment.settlement_failed
        undo = Operation.REFUND if captured else Operation.VOID
        assert payment.settlement_failed.reason.startswith(f"{undo} failed: GatewayUnavailable")
        last = service.events()[-1]
        assert (last.type, last.data.amount) == ("PaymentSettlementFailed", TOTAL)
        assert not nothing_is_kept(service)

    @pytest.mark.parametrize(("captured", "undone"), [(True, "PaymentRefunded"), (False, "PaymentVoided")])
    def test_a_redrive_heals_it(self, service: Service, captured: bool, undone: str) -> None:
        service.authorize("pm_settle_fails")
        if captured:
            service.capture()
        assert not service.settle_from_queue()
        assert service.settle_from_queue(), "one redrive is enough"
        assert nothing_is_kept(service)
        payment = service.payment()
        assert payment
        assert payment.settlement_failed is None
        assert service.event_types()[-2:] == ["PaymentSettlementFailed", undone]

    def test_the_last_delivery_says_so_first_lest_it_die_like_those_before(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paid(service)
        before_the_call(monkeypatch, "refund", die)
        with pytest.raises(Died):
            service.deliver(attempt=MAX_RECEIVE_COUNT)
        payment = service.payment()
        assert payment
        assert payment.settlement_failed
        assert payment.settlement_failed.reason == "refund failed: no attempt ended"

    def test_the_last_delivery_says_nothing_where_all_is_given_back(self, service: Service) -> None:
        paid(service)
        assert service.deliver(attempt=1)
        assert service.deliver(attempt=MAX_RECEIVE_COUNT)
        assert "PaymentSettlementFailed" not in service.event_types()

    def test_it_says_so_once(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        paid(service)
        before_the_call(monkeypatch, "refund", unavailable)
        for _ in range(3):
            assert not service.deliver(attempt=MAX_RECEIVE_COUNT)
        assert service.event_types().count("PaymentSettlementFailed") == 1

    def test_it_also_shows_when_the_outcome_cannot_be_learnt(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as down:
            before_the_call(down, "authorize", unavailable)
            with pytest.raises(GatewayUnavailable):
                service.authorize()
            assert not service.settle_from_queue()
        assert service.event_types() == ["PaymentSettlementFailed"]
        assert service.settle_from_queue()
        assert nothing_is_kept(service)
        assert service.event_types() == ["PaymentSettlementFailed", "PaymentAuthorized", "PaymentVoided"]

    def test_customers_read_nothing_of_the_account_in_it(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paid(service)
        denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "arn:aws:iam::1:role/x"}}, "GetItem")

        def deny() -> None:
            raise denied

        before_the_call(monkeypatch, "refund", deny)
        assert not service.deliver(attempt=SETTLE_ATTEMPTS)
        assert service.events()[-1].data.reason == "refund failed: ClientError"

    def test_a_failure_with_nothing_to_give_back_calls_nobody(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The tombstone is what failed; the dead letter and its alarm remain."""
        with monkeypatch.context() as broken:
            broken.setattr("payment.settle.settle", unavailable)
            assert not service.deliver(attempt=MAX_RECEIVE_COUNT)
        assert service.event_types() == []


def die() -> None:
    raise Died


def unavailable(*_arguments: Any) -> None:
    raise GatewayUnavailable("down")


def before_the_call(monkeypatch: pytest.MonkeyPatch, operation: str, act: Callable[[], Any]) -> None:
    """`act` happens before the gateway does anything; calls that `act` makes go straight through."""
    _around_the_call(monkeypatch, operation, lambda call: (act(), call())[1])


def after_the_call(monkeypatch: pytest.MonkeyPatch, operation: str, act: Callable[[], Any]) -> None:
    """`act` happens after the gateway did it, before its answer arrives."""
    _around_the_call(monkeypatch, operation, lambda call: (call(), act())[0])


def _around_the_call(
    monkeypatch: pytest.MonkeyPatch, operation: str, around: Callable[[Callable[[], Any]], Any]
) -> None:
    original = getattr(gateway_calls.gateway, operation)
    depth = 0

    def call(*arguments: Any) -> Any:
        nonlocal depth
        if depth:
            return original(*arguments)
        depth += 1
        try:
            return around(lambda: original(*arguments))
        finally:
            depth -= 1

    monkeypatch.setattr(gateway_calls.gateway, operation, call)
