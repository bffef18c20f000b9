"""The scenarios of an order. Together they use every function that keeps money and stock right.

A story begins in a shop with stock, and ends when the shop is quiet. It must end the same way, whatever fails in
between.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from tests.simulation.people import People

CHECKOUT, LEDGER = "Workflows.Checkout", "Payment.SandboxLedger"
# Longer than checkout's limit, and longer than a review's.
_A_WHILE, _TOO_LONG = timedelta(minutes=11), timedelta(hours=26)


@dataclass(frozen=True)
class Story:
    """`counted` means that the gateway's failures are counted, so the number of calls decides who else is notified.
    Then only the outcome for money, goods and customer must be the same."""

    tell: Callable[[People], None]
    stock: Mapping[str, int] = field(default_factory=lambda: {"MUG": 5})
    counted: bool = False


def paid_with(method: str) -> Callable[[People], None]:
    def tell(people: People) -> None:
        people.place(method)
        people.shop.settle_down()

    return tell


def stocking(people: People) -> None:
    people.upsert("MUG")
    people.restock("MUG", 12)
    people.upsert("MUG", amount=1600)
    people.shop.settle_down()
    people.look_around(people.place("pm_visa", ("MUG", 3)))
    people.shop.settle_down()


def several_lines(people: People) -> None:
    people.place("pm_visa", ("MUG", 2), ("TEE", 1), ("PEN", 3))
    people.shop.settle_down()


def hot_product(people: People) -> None:
    """Its rows are one unit each. Most orders find theirs in another row than the first, and one gathers its own."""
    people.upsert("MUG", stock_shards=4)
    people.restock("MUG", 4)
    people.shop.settle_down()
    for key, units in (("first", 1), ("second", 2), ("third", 2)):
        people.place("pm_visa", ("MUG", units), key=key)
        people.shop.settle_down()
    order_id = people.place("pm_visa", ("MUG", 1), key="fourth")
    people.cancel(order_id)
    people.upsert("MUG", stock_shards=2)
    people.look_around(order_id)
    people.shop.settle_down()


def last_unit(people: People) -> None:
    for key in ("first", "second"):
        people.place("pm_visa", ("MUG", 1), ("TEE", 1), key=key)
    people.shop.settle_down()


def cancelled_at_once(people: People) -> None:
    people.cancel(people.place())
    people.shop.settle_down()


def cancelled_after_all(people: People) -> None:
    order_id = people.place()
    people.shop.settle_down()
    people.cancel(order_id)
    people.shop.settle_down()


def held(decided: Callable[[People, str], object]) -> Callable[[People], None]:
    def tell(people: People) -> None:
        order_id = people.place("pm_review")
        people.shop.settle_down()
        decided(people, order_id)
        people.shop.settle_down()

    return tell


def review_times_out(people: People, _order_id: str) -> None:
    for execution in people.shop.executions:
        if execution.waiting:
            execution.timed_out()


def reviewers_forget(people: People, _order_id: str) -> None:
    people.shop.tick(_TOO_LONG)
    people.shop.settle_down()
    people.shop.tick(_A_WHILE)


def checkout_lost_once(people: People) -> None:
    people.shop.losing = {CHECKOUT}
    people.place()
    people.shop.settle_down()
    people.shop.losing = set()
    _reconcile(people, times=2)


def checkout_always_lost(people: People) -> None:
    people.shop.losing = {CHECKOUT}
    people.place()
    people.shop.settle_down()
    _reconcile(people, times=6)


def gateway_down(method: str) -> Callable[[People], None]:
    """The gateway is down from the first call until the queue has given up and a person redrives."""

    def tell(people: People) -> None:
        people.shop.aws.down = {LEDGER}
        people.place(method)
        people.shop.settle_down()
        people.look_closely()
        people.shop.aws.down = set()
        people.shop.consumer("payment.settle").redrive()
        people.shop.settle_down()

    return tell


def settlement_fails(people: People) -> None:
    """The queue gives up, which is visible, and the dead letters are redriven until the gateway works."""
    order_id = people.place("pm_settle_fails")
    people.shop.settle_down()
    people.cancel(order_id)
    people.shop.settle_down()
    people.look_closely()
    for _ in range(3):
        people.shop.consumer("payment.settle").redrive()
        people.shop.settle_down()


def _reconcile(people: People, times: int) -> None:
    for _ in range(times):
        people.shop.tick(_A_WHILE)
        people.shop.settle_down()


STORIES: dict[str, Story] = {
    "goods come in, are priced anew, and are sold": Story(stocking, stock={}),
    "confirmed": Story(paid_with("pm_visa")),
    "confirmed, with several lines": Story(several_lines, stock={"MUG": 5, "TEE": 5, "PEN": 5}),
    "declined": Story(paid_with("pm_declined")),
    "capture refused": Story(paid_with("pm_capture_fails")),
    "the gateway's answers are lost": Story(paid_with("pm_timeout")),
    "the gateway fails twice": Story(paid_with("pm_flaky")),
    "out of stock": Story(paid_with("pm_visa"), stock={"MUG": 1}),
    "of a hot product": Story(hot_product, stock={}),
    "two want the last unit": Story(last_unit, stock={"MUG": 5, "TEE": 1}),
    "cancelled at once": Story(cancelled_at_once),
    "cancelled when it was confirmed": Story(cancelled_after_all),
    "held and approved": Story(held(lambda people, order_id: people.review(order_id, "approve"))),
    "held and rejected": Story(held(lambda people, order_id: people.review(order_id, "reject"))),
    "held and cancelled": Story(held(lambda people, order_id: people.cancel(order_id))),
    "held until the review's time was over": Story(held(review_times_out)),
    "held and forgotten": Story(held(reviewers_forget)),
    "its checkout lost once": Story(checkout_lost_once),
    "its checkout lost every time": Story(checkout_always_lost),
    "the gateway down, then holding the money": Story(gateway_down("pm_visa")),
    "the gateway down, then declining": Story(gateway_down("pm_declined")),
    "its settlement failing": Story(settlement_fails, counted=True),
}
