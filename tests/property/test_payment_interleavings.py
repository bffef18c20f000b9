"""Whatever interleaving: once an order is closed and settled, nobody holds or keeps its customer's money.

The real functions run on moto and take turns at every AWS call: up to two checkouts, up to two deliveries of closing
events, deaths in between, calls that arrive late because their caller stood still. The gateway's ledger is the witness.
"""

from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from payment.authorize import PaymentDeclined
from payment.domain import Operation, PaymentClosed, PaymentStatus
from payment.gateway import CaptureRefused, GatewayTimeout, GatewayUnavailable
from shopkit.optimistic import Contended
from tests.support.interleaving import in_bursts, interleave
from tests.support.payments import TOTAL, Service, payment_service, retrying

METHODS = [
    "pm_visa",
    "pm_declined",
    "pm_timeout",
    "pm_flaky",
    "pm_capture_fails",
    "pm_settle_fails",
]
# A checkout stops before and after each of its ten calls.
CHECKOUT_TURNS = 20
# An example takes a tenth of a second: shrinking a failure would outlast the test's time-out.
SLOW = settings(deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])

_order_ids = (f"ord_{number}" for number in count())


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with payment_service() as service:
        yield service


def checkout(service: Service, method: str, order_id: str) -> None:
    """One execution: every transient fault retried, every business outcome an end."""
    with suppress(PaymentDeclined, PaymentClosed, CaptureRefused, GatewayTimeout, GatewayUnavailable, Contended):
        retrying(lambda: service.authorize(method, order_id))
        retrying(lambda: service.capture(order_id))


@given(
    data=st.data(),
    method=st.sampled_from(METHODS),
    checkouts=st.integers(1, 2),
    deliveries=st.integers(1, 2),
)
@settings(SLOW, max_examples=80)
def test_a_closed_order_keeps_no_money(
    service: Service, data: st.DataObject, method: str, checkouts: int, deliveries: int
) -> None:
    order_id = next(_order_ids)
    interleave(
        [lambda: checkout(service, method, order_id)] * checkouts
        + [lambda: void(service.deliver(order_id=order_id))] * deliveries,
        in_bursts(data, head_start=CHECKOUT_TURNS),
    )
    # The queue delivers until it is settled, from the dead letters too; a straggling checkout comes after all of it.
    assert service.settle_from_queue(order_id) or service.settle_from_queue(order_id)
    charge, payment = service.charge(order_id), service.payment(order_id)
    checkout(service, method, order_id)
    assert (service.charge(order_id), service.payment(order_id)) == (charge, payment), "the tombstone holds"

    assert payment
    assert payment.closed
    assert payment.unanswered is None
    assert payment.settlement_failed is None
    if charge is None:
        assert payment.status is PaymentStatus.UNPAID
        return
    event(f"{payment.status}")
    assert charge.captured in {0, TOTAL.amount}
    assert charge.refunded == charge.captured, "captured and not refunded"
    assert not charge.authorized or charge.captured or charge.voided, "a live authorization"
    assert payment.status is expected_status(charge.authorized, charge.captured)


@given(data=st.data(), method=st.sampled_from(METHODS), checkouts=st.integers(1, 3))
@settings(SLOW, max_examples=40)
def test_an_open_order_is_charged_at_most_once_and_in_the_end_in_full(
    service: Service, data: st.DataObject, method: str, checkouts: int
) -> None:
    order_id = next(_order_ids)
    interleave([lambda: checkout(service, method, order_id)] * checkouts, in_bursts(data))
    checkout(service, method, order_id)  # the reconciler restarts what died

    charge, payment = service.charge(order_id), service.payment(order_id)
    assert charge
    assert payment
    chargeable = method not in {"pm_declined", "pm_capture_fails"}
    assert charge.captured == (TOTAL.amount if chargeable else 0)
    assert (charge.refunded, charge.voided) == (0, False)
    assert charge.answers.keys() <= {f"{order_id}:{Operation.AUTHORIZE}", f"{order_id}:{Operation.CAPTURE}"}
    if chargeable:
        assert payment.status is PaymentStatus.CAPTURED


def expected_status(authorized: int, captured: int) -> PaymentStatus:
    if captured:
        return PaymentStatus.REFUNDED
    return PaymentStatus.VOIDED if authorized else PaymentStatus.DECLINED


def void(_answer: object) -> None:
    """Actors answer nothing."""
