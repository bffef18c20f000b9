"""Opening an account in the storefront, signing in, and a session that ends while somebody looks around."""

import re
import uuid

import pytest
from playwright.sync_api import expect

from deployed.account_mails import account_mails
from deployed.stack import Stack
from tests.support.browsing import Visitor
from tests.support.eventually import until

PASSWORD = "Cartwheel-1"
# What a browser keeps of a session, changed as time and others change it.
CHANGED = {
    "its time is over": "session.expires = 0",
    "its token is refused": "session.id = session.id.slice(0, -8) + 'AAAAAAAA'",
}


def code_mailed_to(stack: Stack, email: str, *, after: str = "") -> str:
    """The newest one that is another than `after`. On this machine mails about accounts are kept, and `./shop mail`
    shows them."""

    def newest() -> str:
        texts = [mail.text for mail in account_mails(stack) if mail.to == email]
        return re.findall(r"\b\d{6}\b", texts[-1])[-1] if texts else ""

    return until(newest, lambda code: code not in {"", after}, f"a code for {email}")


def test_a_visitor_opens_an_account_and_later_sets_a_new_password(visitor: Visitor, stack: Stack) -> None:
    email = f"visitor-{uuid.uuid4().hex[:8]}@example.com"
    visitor.goes_to("/orders")
    visitor.sees_heading("Sign in")
    visitor.page.get_by_role("link", name="Open an account").click()
    visitor.sees_heading("Open an account")  # its fields have the names of those before
    visitor.fills_in(E_mail=email, Password="short")
    visitor.button("Open the account").click()
    visitor.sees("At least 8 characters.")
    visitor.fills_in(E_mail=email, Password=PASSWORD)
    visitor.button("Open the account").click()
    visitor.sees_heading("Confirm your address")

    code = code_mailed_to(stack, email)
    visitor.fills_in(Code_from_the_mail=f"{(int(code) + 1) % 10**6:06}")
    visitor.button("Confirm").click()
    visitor.sees("That is not the code of the newest mail.")
    visitor.fills_in(Code_from_the_mail=code)
    visitor.button("Confirm").click()
    visitor.sees_heading("Your orders")
    visitor.sees("You have not ordered anything yet.")

    visitor.button("Sign out").click()
    visitor.goes_to("/sign-in")
    visitor.page.get_by_role("link", name="Forgot the password?").click()
    expect(visitor.button("Send the code")).to_be_visible()  # the page has changed
    visitor.fills_in(E_mail=email)
    visitor.button("Send the code").click()
    visitor.sees_heading("Set a new password")
    expect(visitor.page.get_by_label("New password")).to_be_visible()
    visitor.fills_in(Code_from_the_mail=code_mailed_to(stack, email, after=code), New_password="Cartwheel-2")
    visitor.button("Set the password").click()
    expect(visitor.button("Sign out")).to_be_visible()


def test_who_cannot_sign_in_or_up_is_told_what_to_do(visitor: Visitor, stack: Stack) -> None:
    known = stack.details.customers[0].email
    for email, password in ((known, "Wrong-1234"), ("nobody@example.com", PASSWORD)):
        visitor.goes_to("/sign-in")
        visitor.fills_in(E_mail=email, Password=password)
        visitor.button("Sign in").click()
        visitor.sees("The e-mail address and the password do not match.")
        visitor.page.reload()

    visitor.goes_to("/sign-up")
    visitor.fills_in(E_mail=known, Password=PASSWORD)
    visitor.button("Open the account").click()
    visitor.sees("There is an account with this e-mail address already.")


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED.keys())
def test_a_session_is_renewed_without_being_noticed(buyer: Visitor, change: str) -> None:
    buyer.goes_to("/")
    before = buyer.changes_the_session(change)
    buyer.goes_to("/orders")
    buyer.sees_heading("Your orders")
    buyer.sees_it_whole()
    expect(buyer.button("Sign out")).to_be_visible()
    assert buyer.changes_the_session("")["id"] != before["id"]


def test_who_cannot_be_renewed_signs_in_again_and_is_back(buyer: Visitor, stack: Stack) -> None:
    buyer.goes_to("/")
    buyer.changes_the_session("session.expires = 0; session.refresh = 'nonsense'")
    buyer.goes_to("/orders")
    buyer.sees_heading("Sign in")
    buyer.sees("You come back to where you were.")
    user = stack.details.customers[0]
    buyer.fills_in(E_mail=user.email, Password=user.password)
    buyer.button("Sign in").click()
    buyer.sees_heading("Your orders")


def test_who_signs_out_is_signed_out_in_every_tab(buyer: Visitor) -> None:
    buyer.goes_to("/orders")
    with buyer.another_tab() as other:
        other.goes_to("/")
        other.button("Sign out").click()
        expect(buyer.page.get_by_role("link", name="Sign in")).to_be_visible()
