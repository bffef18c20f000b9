"""Every card that the gateway knows leads to its own ending, and money, goods and mails agree with it."""

from dataclasses import dataclass

import pytest

from tests.support.eventually import eventually
from tests.support.shop import Charged, NothingCharged, Person, RunningShop, held, let_go, taken

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("checkout")]

PRICE = 1850
TOTAL = 2 * PRICE
RESERVED = ["OrderPlaced", "StockReserved"]
BOUGHT = ["PaymentAuthorized", "PaymentCaptured", "OrderConfirmed", "StockCommitted"]
TOLD_TWICE = ["NotificationSent"] * 2


@dataclass(frozen=True)
class Ending:
    """How an order of two units out of five ends."""

    status: str
    reason: str | None
    charge: Charged
    goods: str
    stock: tuple[int, int]
    mails: list[str]
    story: list[str]


CONFIRMED = Ending(
    status="CONFIRMED",
    reason=None,
    charge=taken(TOTAL),
    goods="COMMITTED",
    stock=(3, 0),
    mails=["OrderPlaced", "OrderConfirmed"],
    story=[*RESERVED, *BOUGHT, *TOLD_TWICE],
)


def declined(reason: str) -> Ending:
    return Ending(
        status="REJECTED",
        reason=reason,
        charge=Charged(),
        goods="RELEASED",
        stock=(5, 0),
        mails=["OrderPlaced", "OrderRejected"],
        story=[*RESERVED, "PaymentDeclined", "OrderRejected", "StockReleased", *TOLD_TWICE],
    )


CAPTURE_REFUSED = Ending(
    status="REJECTED",
    reason="payment_capture_refused",
    charge=let_go(TOTAL),
    goods="RELEASED",
    stock=(5, 0),
    mails=["OrderPlaced", "OrderRejected"],
    story=[*RESERVED, "PaymentAuthorized", "OrderRejected", "PaymentVoided", "StockReleased", *TOLD_TWICE],
)


@pytest.mark.parametrize(
    ("card", "ending"),
    [
        ("pm_visa", CONFIRMED),
        ("pm_timeout", CONFIRMED),  # scenario 17: the answer was lost, the money taken once
        ("pm_flaky", CONFIRMED),
        ("pm_settle_fails", CONFIRMED),
        ("pm_declined", declined("payment_declined")),
        ("pm_insufficient_funds", declined("payment_insufficient_funds")),
        ("pm_capture_fails", CAPTURE_REFUSED),
    ],
)
def test_an_order_ends_as_its_card_says(shop: RunningShop, customer: Person, card: str, ending: Ending) -> None:
    mug = shop.sells(stock=5, price=PRICE)

    order = customer.orders(2 * mug, paying_with=card)

    assert (order.placed["status"], order.placed["total"]["amount"]) == ("PLACED", TOTAL)
    order.becomes(ending.status, ending.reason)
    order.await_story(*ending.story)
    eventually(lambda: order.mails, ending.mails)
    assert order.charge == ending.charge
    assert (order.goods, shop.stock(mug)) == (ending.goods, ending.stock)


def test_a_card_under_review_holds_goods_and_money_until_an_operator_approves(
    shop: RunningShop, customer: Person, operator: Person
) -> None:
    mug = shop.sells(stock=5, price=PRICE)
    order = customer.orders(2 * mug, paying_with="pm_review")
    order.becomes("AWAITING_REVIEW")
    assert order.charge == held(TOTAL)
    assert shop.stock(mug) == (3, 2)
    order.await_story(*RESERVED, "PaymentAuthorized", "OrderHeldForReview", *TOLD_TWICE)

    approved = operator.reviews(order, "approve", "Known customer.")

    assert (approved.status_code, approved.json()["status"], approved.json()["review"]) == (202, "PLACED", "approved")
    order.becomes("CONFIRMED")
    order.await_story(*RESERVED, *BOUGHT, "OrderHeldForReview", "OrderReviewed", *["NotificationSent"] * 3)
    eventually(lambda: order.mails, ["OrderPlaced", "OrderHeldForReview", "OrderConfirmed"])
    assert order.charge == taken(TOTAL)
    assert (order.goods, shop.stock(mug)) == ("COMMITTED", (3, 0))


def test_a_card_under_review_is_let_go_when_an_operator_rejects(
    shop: RunningShop, customer: Person, operator: Person
) -> None:
    mug = shop.sells(stock=5, price=PRICE)
    order = customer.orders(2 * mug, paying_with="pm_review")
    order.becomes("AWAITING_REVIEW")

    assert operator.reviews(order, "reject").status_code == 202

    order.becomes("REJECTED", "review_rejected")
    order.await_story(
        *RESERVED,
        *[
            "PaymentAuthorized",
            "OrderHeldForReview",
            "OrderReviewed",
            "OrderRejected",
            "PaymentVoided",
            "StockReleased",
        ],
        *["NotificationSent"] * 3,
    )
    eventually(lambda: order.mails, ["OrderPlaced", "OrderHeldForReview", "OrderRejected"])
    assert order.charge == let_go(TOTAL)
    assert (order.goods, shop.stock(mug)) == ("RELEASED", (5, 0))


def test_an_expensive_order_is_held_for_review_whatever_the_card(
    shop: RunningShop, customer: Person, operator: Person
) -> None:
    sofa = shop.sells(stock=1, price=250_000, name="Sofa")
    order = customer.orders(sofa)
    order.becomes("AWAITING_REVIEW")

    operator.reviews(order, "approve")

    order.becomes("CONFIRMED")
    assert order.charge == taken(250_000)


def test_an_order_without_stock_is_never_charged(shop: RunningShop, customer: Person) -> None:
    mug = shop.sells(stock=1)

    order = customer.orders(2 * mug)

    order.becomes("REJECTED", "out_of_stock")
    order.await_story("OrderPlaced", "StockRejected", "OrderRejected", *TOLD_TWICE)
    assert order.charge == NothingCharged()
    assert (order.goods, shop.stock(mug)) == ("REJECTED", (1, 0))


def test_nothing_is_held_when_only_the_last_of_several_products_is_missing(shop: RunningShop, customer: Person) -> None:
    """Scenario 24."""
    mug, pan, lamp = shop.sells_each([5, 5, 0])

    order = customer.orders(mug, 2 * pan, lamp)

    order.becomes("REJECTED", "out_of_stock")
    assert order.charge == NothingCharged()
    assert [shop.stock(each) for each in (mug, pan, lamp)] == [(5, 0), (5, 0), (0, 0)]
