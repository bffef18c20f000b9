"""What those hear who are told of orders: customers in their mail box, a server at its address, operators."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from audit.evidence import gather
from tests.support.deployment import redeploy
from tests.support.eventually import eventually, until
from tests.support.faults import seen_again_soon
from tests.support.receiver import Receiver, receiver
from tests.support.shop import Order, Person, RunningShop

pytestmark = pytest.mark.e2e

SENDER, OPERATOR, PHONE = "shop@example.com", "on-call@example.com", "+12065550100"
BOUGHT = ["OrderPlaced", "OrderConfirmed"]


@dataclass(frozen=True)
class Mail:
    """A mail in the box of the embedded AWS."""

    sender: str
    to: list[str]
    subject: str
    text: str
    html: str


@pytest.fixture(scope="module")
def server(shop: RunningShop) -> Iterator[Receiver]:
    """A server that follows orders, while the shop also has a sender for its mails and operators to tell."""
    shop.aws("sesv2").create_email_identity(EmailIdentity=SENDER)
    with receiver() as found:
        redeploy(shop, SenderEmail=SENDER, WebhookUrl=found.url, OperatorsEmail=OPERATOR, OperatorsPhone=PHONE)
        with seen_again_soon(shop, "Notify/WebhookQueue", 3):
            yield found
        redeploy(shop, SenderEmail="", WebhookUrl="", OperatorsEmail="", OperatorsPhone="")
    left = {path for path in shop.stack.resources if path.startswith("Notify/")}
    assert not left & {"Notify/Webhook", "Notify/WebhookSecret", "Notify/WebhookSubscription", "Notify/OperatorsByText"}


@pytest.fixture
def secret(shop: RunningShop, server: Receiver) -> str:
    """As the server's owner copied it from Secrets Manager."""
    found = shop.aws("secretsmanager").get_secret_value(SecretId=shop.stack.resources["Notify/WebhookSecret"])
    return f"whsec_{found['SecretString']}"


def mails_about(shop: RunningShop, order: Order) -> list[Mail]:
    credentials = shop.stack.session.get_credentials()
    assert credentials
    request = AWSRequest("GET", f"{shop.stack.details.endpoint_url}/_ministack/ses/messages")
    SigV4Auth(credentials, "ses", shop.stack.details.region).add_auth(request)
    box: dict[str, list[dict[str, Any]]] = httpx2.get(str(request.url), headers=dict(request.headers)).json()[
        "messages"
    ]
    return [
        Mail(mail["Source"], mail["To"], mail["Subject"], mail["BodyText"], mail["BodyHtml"])
        for mails in box.values()
        for mail in mails
        if order.id in mail["BodyText"]
    ]


def test_a_customer_finds_each_mail_once_in_order_and_html_in_names_is_shown_not_obeyed(
    shop: RunningShop, server: Receiver, customer: Person
) -> None:
    """Scenario 31."""
    mug = shop.sells(stock=5, price=1850, name="<b>Mug</b> & Saucer 茶")

    order = customer.orders(2 * mug)

    order.becomes("CONFIRMED")
    order.await_story(
        *["OrderPlaced", "StockReserved", "PaymentAuthorized", "PaymentCaptured", "OrderConfirmed", "StockCommitted"],
        *["NotificationSent"] * 4,
    )
    found = mails_about(shop, order)
    assert [mail.subject for mail in found] == ["We have your order", "Your order is confirmed"]
    for mail in found:
        assert (mail.sender, mail.to) == (SENDER, [customer.email])
        assert "2 × <b>Mug</b> & Saucer 茶, $18.50 each" in mail.text
        assert "2 × &lt;b&gt;Mug&lt;/b&gt; &amp; Saucer 茶" in mail.html
        assert "<b>" not in mail.html
        assert "$37.00" in mail.html


def test_a_server_hears_of_each_change_once_in_order_and_can_tell_that_it_is_true(
    shop: RunningShop, server: Receiver, secret: str, customer: Person
) -> None:
    order = customer.orders(shop.sells(stock=5, price=1850))

    order.becomes("CONFIRMED")
    eventually(lambda: server.accepted_types(order.id), BOUGHT)
    requests = server.about(order.id)
    assert all(request.is_signed_with(secret) for request in requests)
    assert not any(request.is_signed_with("whsec_" + "A" * 48) for request in requests)
    published = {event["event_id"]: event for event in order.timeline}
    for request in requests:
        event = published[request.id]
        assert (request.message["event_id"], request.type) == (request.id, event["type"])
        assert request.message["data"] == event["data"]
    order.await_story(
        *["OrderPlaced", "StockReserved", "PaymentAuthorized", "PaymentCaptured", "OrderConfirmed", "StockCommitted"],
        *["NotificationSent"] * 4,
    )
    assert server.accepted_types(order.id) == BOUGHT, "nothing came twice"


def test_a_refused_order_is_posted_again_until_it_is_taken_and_no_other_waits_for_it(
    shop: RunningShop, server: Receiver, secret: str, customer: Person
) -> None:
    refused, taken = shop.sells_each([5, 5])

    with server.refusing(refused.sku):
        waiting = customer.orders(refused)
        until(lambda: server.about(waiting.id), bool, "a first attempt")
        waiting.becomes("CONFIRMED")
        other = shop.another_customer.orders(taken)
        eventually(lambda: server.accepted_types(other.id), BOUGHT)
        assert server.accepted_types(waiting.id) == []

    eventually(lambda: server.accepted_types(waiting.id), BOUGHT)
    requests = server.about(waiting.id)
    assert [request.type for request in requests] == ["OrderPlaced"] * (len(requests) - 1) + ["OrderConfirmed"]
    attempts = requests[:-1]
    assert len(attempts) > 1
    assert len({(request.id, request.body) for request in attempts}) == 1
    assert all(request.is_signed_with(secret) for request in requests)
    eventually(lambda: waiting.mails, BOUGHT)


@pytest.mark.parametrize("trouble", [302, 410, "hangs up"])
def test_one_attempt_gone_wrong_is_made_good(
    shop: RunningShop, server: Receiver, customer: Person, trouble: Any
) -> None:
    mug = shop.sells(stock=5)
    server.has_trouble_with(mug.sku, trouble)

    order = customer.orders(mug)

    eventually(lambda: server.accepted_types(order.id), BOUGHT)
    assert [request.type for request in server.about(order.id)] == ["OrderPlaced", *BOUGHT]


def test_the_audit_knows_what_the_webhook_owes(shop: RunningShop, server: Receiver, customer: Person) -> None:
    order = customer.orders(shop.sells(stock=5))
    eventually(lambda: server.accepted_types(order.id), BOUGHT)
    evidence = gather(shop.stack)
    assert evidence.webhook_since is not None
    assert all(evidence.webhook_since < event.occurred_at for event in evidence.timeline if event.order_id == order.id)


def test_operators_are_told_by_mail_and_text(shop: RunningShop, server: Receiver) -> None:
    topic = shop.stack.resources["Notify/OperatorsTopic"]
    subscriptions = shop.aws("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert {("email", OPERATOR), ("sms", PHONE)} <= {(each["Protocol"], each["Endpoint"]) for each in subscriptions}
