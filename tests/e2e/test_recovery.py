"""No order is lost, and none is carried out twice, whatever happened to its checkout."""

from collections.abc import Iterator

import pytest

from tests.support.eventually import eventually
from tests.support.faults import deliver, event_of, invoke, set_otherwise, switched_off, without_permission
from tests.support.shop import Charged, NothingCharged, Person, RunningShop, given_back, held, let_go, taken

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("checkout")]

CHECKOUT = "Workflows/CheckoutOrderPlaced"
RECONCILE = "Order/Reconcile"


@pytest.fixture
def impatient_reconciler(shop: RunningShop) -> Iterator[None]:
    """Every open order is too old for it."""
    with set_otherwise(shop, RECONCILE, {"CHECKOUT_LIMIT_SECONDS": "0"}):
        yield


@pytest.mark.usefixtures("impatient_reconciler")
def test_an_order_whose_checkout_was_lost_is_checked_out_by_the_reconciler(shop: RunningShop, customer: Person) -> None:
    """Scenario 22."""
    mug = shop.sells(stock=5, price=1000)
    with switched_off(shop, CHECKOUT):
        order = customer.orders(mug)
        event_of(order, "OrderPlaced")  # the bus has had its chance
    assert order.now["status"] == "PLACED"

    assert invoke(shop, RECONCILE) == {"restarted": 1, "rejected": 0}

    order.becomes("CONFIRMED")
    assert order.charge == taken(1000)
    assert order.story.count("OrderPlaced") == 1


@pytest.mark.usefixtures("impatient_reconciler")
def test_an_order_whose_checkout_never_comes_is_rejected_at_last(shop: RunningShop, customer: Person) -> None:
    """Scenario 22."""
    mug = shop.sells(stock=5)
    with switched_off(shop, CHECKOUT):
        order = customer.orders(mug)
        event_of(order, "OrderPlaced")
        outcomes = [invoke(shop, RECONCILE) for _ in range(4)]
        order.becomes("REJECTED", "checkout_stuck")

    assert outcomes == [{"restarted": 1, "rejected": 0}] * 3 + [{"restarted": 0, "rejected": 1}]
    assert order.charge == NothingCharged()
    eventually(lambda: shop.stock(mug), (5, 0))


@pytest.mark.usefixtures("impatient_reconciler")
def test_an_approved_order_whose_checkout_was_lost_is_resumed_as_approved(
    shop: RunningShop, customer: Person, operator: Person
) -> None:
    """Scenario 22."""
    mug = shop.sells(stock=5, price=1000)
    order = customer.orders(mug, paying_with="pm_review")
    order.becomes("AWAITING_REVIEW")
    with switched_off(shop, "Workflows/CheckoutApproved"):
        operator.reviews(order, "approve")
        event_of(order, "OrderReviewed")

    assert invoke(shop, RECONCILE)["restarted"] == 1

    order.becomes("CONFIRMED")
    assert order.charge == taken(1000)


def test_an_order_that_was_charged_and_cannot_be_confirmed_is_rejected_and_everything_goes_back(
    shop: RunningShop, customer: Person
) -> None:
    """Scenario 18."""
    mug = shop.sells(stock=5, price=1000)
    with without_permission(shop, "Order/ConfirmRole", "dynamodb:PutItem"):
        order = customer.orders(2 * mug)

        order.becomes("REJECTED", "checkout_failed")

    eventually(lambda: order.charge, given_back(2000))
    eventually(lambda: (order.goods, shop.stock(mug)), ("RELEASED", (5, 0)))
    assert "OrderConfirmed" not in order.story


def test_two_checkouts_at_once_sell_the_last_unit_once(shop: RunningShop, customer: Person) -> None:
    """Scenario 6: both want the same unit for the same order."""
    mug = shop.sells(stock=1, price=1000)
    with switched_off(shop, CHECKOUT):
        order = customer.orders(mug)
        placed = event_of(order, "OrderPlaced")

    deliver(shop, [placed] * 4)

    order.becomes("CONFIRMED")
    eventually(lambda: (order.goods, shop.stock(mug)), ("COMMITTED", (0, 0)))
    assert order.charge == taken(1000)


@pytest.mark.parametrize(
    ("card", "charge", "stock"),
    [
        ("pm_visa", taken(1000), (2, 0)),
        ("pm_declined", Charged(), (3, 0)),
        ("pm_capture_fails", let_go(1000), (3, 0)),
        ("pm_review", held(1000), (2, 1)),
    ],
)
def test_a_checkout_that_starts_again_later_changes_nothing(
    shop: RunningShop, customer: Person, card: str, charge: Charged, stock: tuple[int, int]
) -> None:
    """Scenario 6."""
    mug = shop.sells(stock=3, price=1000)
    order = customer.orders(mug, paying_with=card)
    eventually(lambda: order.now["status"] != "PLACED", True)
    eventually(lambda: (order.charge, shop.stock(mug)), (charge, stock))
    ended = order.now

    deliver(shop, [event_of(order, "OrderPlaced")] * 2)
    customer.orders(mug).becomes("CONFIRMED")

    assert (order.now, order.charge) == (ended, charge)
    eventually(lambda: shop.stock(mug), (stock[0] - 1, stock[1]))


def test_a_checkout_that_starts_again_after_the_cancellation_takes_nothing(shop: RunningShop, customer: Person) -> None:
    """Scenarios 6 and 20."""
    mug = shop.sells(stock=3, price=1000)
    order = customer.orders(mug)
    order.becomes("CONFIRMED")
    customer.cancels(order)
    eventually(lambda: order.charge, given_back(1000))

    deliver(shop, [event_of(order, "OrderPlaced")])
    customer.orders(mug).becomes("CONFIRMED")

    order.becomes("CANCELLED", "cancelled_by_customer")
    assert order.charge == given_back(1000)
    eventually(lambda: shop.stock(mug), (2, 0))
