"""The operators' corner: what waits for a person, and what is broken on purpose."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import expect

from tests.support.browsing import PATIENCE_MILLISECONDS, Visitor
from tests.support.desk import Desk
from tests.support.eventually import eventually
from tests.support.faults import seen_again_soon
from tests.support.shop import Order, Person, RunningShop, given_back, taken

CORNER = ("", "/review", "/attention", "/dead-letters", "/break")
EMAILS = "Notify/EmailDeadLetters"
# As pages show it: the first eight characters of what follows `ord_`.
SHORT = slice(4, 12)


@contextmanager
def healed(operator: Person, name: str) -> Iterator[None]:
    """Whatever a test leaves broken."""
    try:
        yield
    finally:
        operator.asks("DELETE", f"operations/breaks/{name}")


def test_customers_see_that_the_corner_is_for_operators_only(buyer: Visitor, visitor: Visitor) -> None:
    for somebody in (buyer, visitor):
        for page in CORNER:
            somebody.goes_to(f"/operators{page}")
            somebody.sees_heading("Only for operators")
        expect(somebody.page.get_by_role("link", name="Operators", exact=True)).to_have_count(0)
        assert not [request.url for request in somebody.requests if "/v1/operations" in request.url]


def test_a_customer_sees_how_an_operator_approves(shop: RunningShop, buyer: Visitor, boss: Visitor) -> None:
    order = Order(shop, buyer.buys(shop.sells(5), "pm_review"))
    buyer.sees_status("Waiting for a person")
    boss.goes_to("/operators/review")
    boss.button(f"Approve order {order.id[SHORT].upper()}").click()
    boss.sees("Approved. The order goes on where it stopped.")
    buyer.sees_status("Confirmed")
    buyer.sees("An operator said yes.")
    assert order.charge == taken(1000)


def test_what_is_restocked_can_be_bought(shop: RunningShop, visitor: Visitor, boss: Visitor) -> None:
    mug = shop.sells(0)
    visitor.goes_to(f"/products/{mug.sku}")
    visitor.sees("Sold out")
    boss.goes_to("/operators")
    boss.page.get_by_label("Find a product").fill(mug.sku)
    boss.page.get_by_label("Units to add: Mug").fill("0")
    boss.button("Restock Mug").click()
    boss.sees("Enter how many units, from 1 to 1,000,000.")
    boss.page.get_by_label("Units to add: Mug").fill("5")
    boss.button("Restock Mug").click()
    boss.sees("5 units more. Now there are 5.")
    assert shop.stock(mug) == (5, 0)
    visitor.page.reload()
    visitor.sees("Only 5 left")


def test_money_that_is_stuck_is_settled_by_an_operator(shop: RunningShop, buyer: Visitor, boss: Visitor) -> None:
    mug = shop.sells(5, price=1000)
    order = Order(shop, buyer.buys(mug, "pm_settle_fails"))
    buyer.sees_status("Confirmed")
    boss.goes_to("/operators/attention")
    with seen_again_soon(shop, "Payment/SettleQueue"):
        buyer.button("Cancel the order").click()
        buyer.button("Cancel it").click()
        buyer.sees_status("Cancelled")
        buyer.sees("Your money is not back yet.")
        boss.page.get_by_role("button", name=f"Settle order {order.id[SHORT].upper()}").click()
        boss.sees("Settled: its money is back.")
    expect(buyer.page.get_by_text("Your money is not back yet.")).to_have_count(0)
    buyer.sees("Money refunded")
    assert order.now["attention"] is None
    assert order.charge == given_back(1000)


def test_mails_that_a_break_kept_from_a_customer_arrive_after_a_redrive(
    shop: RunningShop, operator: Person, buyer: Visitor, boss: Visitor
) -> None:
    boss.goes_to("/operators/break")
    with healed(operator, "email-consumer"):
        boss.button("Break it: Switch e-mails off").click()
        boss.sees("It is broken now, until you heal it.")
        with seen_again_soon(shop, "Notify/EmailQueue"):
            order = Order(shop, buyer.buys(shop.sells(5)))
            buyer.sees_status("Confirmed")
            boss.goes_to("/operators/dead-letters")
            boss.sees("Broken on purpose: e-mails.")
            redrive = boss.button(f"Redrive 2 messages of {EMAILS}")
            expect(redrive).to_be_enabled(timeout=2 * PATIENCE_MILLISECONDS)
        boss.button(f"Read messages of {EMAILS}").click()
        boss.sees_heading("OrderConfirmed")
        expect(boss.page.locator(f"main a[href='#/orders/{order.id}']")).to_have_count(2)
        assert boss.accessibility_faults() == []
        assert order.mails == []

        boss.goes_to("/operators/break")
        boss.button("Heal it: Switch e-mails off").click()
        boss.sees("It works again")
    boss.goes_to("/operators/dead-letters")
    expect(boss.page.get_by_text("Broken on purpose")).to_have_count(0)
    redrive.click()
    boss.sees("2 messages are on their way back")
    boss.sees("Empty again")
    eventually(lambda: order.mails, ["OrderPlaced", "OrderConfirmed"])
    buyer.sees("E-mail about the confirmation")


def test_a_message_that_nobody_can_read_says_so(shop: RunningShop, desk: Desk, boss: Visitor) -> None:
    boss.goes_to("/operators/break")
    with seen_again_soon(shop, "Notify/EmailQueue"):
        boss.button("Do it: Plant a poison message").click()
        boss.sees("Done. Watch what becomes of it.")
        boss.goes_to("/operators/dead-letters")
        boss.button(f"Read messages of {EMAILS}").click()
    boss.sees_heading("Unreadable message")
    boss.sees("ValueError: this is not an event")
    assert boss.accessibility_faults() == []
    desk.types("dlq", "drop", EMAILS, desk.letter(EMAILS)["message_id"])
    boss.sees("Empty again")
