"""Every customer hears of each change of their order once, and in order."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError

from deployed.mails import with_text
from notify import customers, ses, store
from shopkit.telemetry import logger
from tests.integration.notify.conftest import SENDER, Surroundings, confirmed, deliver, placed


def test_without_a_sender_a_mail_is_kept_whole_and_nothing_fails(shop: Surroundings) -> None:
    event = placed(shop.customer("ada@example.com"))
    assert deliver(event) == []
    (kept,) = shop.notifications()
    assert kept["pk"] == f"{event.event_id}#email"
    assert (kept["status"], kept["reason"]) == ("KEPT", "no_sender")
    assert (kept["order_id"], kept["type"], kept["entity_version"]) == ("ord_1", "OrderPlaced", 1)
    assert kept["to"] == "ada@example.com"
    assert kept["subject"] == "We have your order"
    mail = store.notification_in(kept).mail
    assert mail
    assert "2 × Tea" in mail.text
    assert "2 × Tea" in mail.html
    assert with_text(kept)["text"] == mail.text
    assert shop.mails() == []


@pytest.mark.usefixtures("verified_sender")
def test_with_a_verified_sender_the_customer_gets_the_mail(shop: Surroundings) -> None:
    assert deliver(placed(shop.customer("ada@example.com"))) == []
    (mail,) = shop.mails()
    assert (mail.source, mail.destinations["ToAddresses"]) == (SENDER, ["ada@example.com"])
    assert mail.subject == "We have your order"
    (sent,) = shop.notifications()
    assert (sent["status"], sent["receipt"]) == ("SENT", mail.id)


@pytest.mark.usefixtures("verified_sender")
def test_an_event_delivered_three_times_is_one_mail(shop: Surroundings) -> None:
    event = placed(shop.customer("ada@example.com"))
    for _ in range(3):
        assert deliver(event) == []
    assert len(shop.mails()) == 1
    assert len(shop.notifications()) == 1


def test_where_ses_refuses_an_address_the_mail_is_kept(shop: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDER_EMAIL", "nobody-verified@example.com")
    assert deliver(placed(shop.customer("ada@example.com"))) == []
    (kept,) = shop.notifications()
    assert (kept["status"], kept["reason"]) == ("KEPT", "MessageRejected")
    assert kept["body"]


@pytest.mark.usefixtures("verified_sender")
def test_a_crash_between_send_and_record_repeats_the_very_same_mail_and_leaves_an_audit_line(
    shop: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = placed(shop.customer("ada@example.com"))
    really_send = ses.send

    def send_and_crash(*mail: Any) -> str:
        really_send(*mail)
        raise ReadTimeoutError(endpoint_url="ses")

    monkeypatch.setattr(ses, "send", send_and_crash)
    assert deliver(event) == [str(event.event_id)]
    (intent,) = shop.notifications()
    assert intent["status"] == "SENDING"

    monkeypatch.setattr(ses, "send", really_send)
    audit: list[str] = []
    monkeypatch.setattr(logger, "warning", lambda _, message_id: audit.append(message_id))
    assert deliver(event, attempt=2) == []
    (sent,) = shop.notifications()
    assert (sent["status"], sent["version"]) == ("SENT", 1)
    assert audit == [sent["message_id"]] == [intent["message_id"]]
    first, second = shop.mails()
    assert (first.subject, first.body) == (second.subject, second.body)


@pytest.mark.usefixtures("verified_sender")
def test_a_repeated_mail_carries_the_same_id(shop: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    """moto drops a mail's headers, so this one looks at what SES is asked."""
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(ses, "client", lambda _: _Recorder(asked))
    event = placed(shop.customer("ada@example.com"))
    assert deliver(event) == [str(event.event_id)]
    assert deliver(event, attempt=2) == [str(event.event_id)]
    (first, second) = (request["Content"]["Simple"]["Headers"] for request in asked)
    assert (
        first == second == [{"Name": "X-Cartwheel-Message-ID", "Value": f"<{event.event_id}.email@cartwheel.invalid>"}]
    )


def test_a_failing_order_holds_back_only_itself(shop: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob = shop.customer("ada@example.com"), shop.customer("bob@example.com")
    look_up, asked = customers.email_of, []

    def fail_once_for_ada(customer_id: str) -> str | None:
        asked.append(customer_id)
        if asked == [ada]:
            raise ReadTimeoutError(endpoint_url="cognito")
        return look_up(customer_id)

    monkeypatch.setattr(customers, "email_of", fail_once_for_ada)
    first, second = placed(ada, "ord_ada"), confirmed(ada, "ord_ada")
    back = deliver(first, placed(bob, "ord_bob"), second, confirmed(bob, "ord_bob"))
    assert back == [str(first.event_id), str(second.event_id)]
    assert [(row["order_id"], row["entity_version"]) for row in by_order(shop, "ord_bob")] == [
        ("ord_bob", 1),
        ("ord_bob", 2),
    ]
    assert by_order(shop, "ord_ada") == [], "the second may not overtake the first"

    assert deliver(first, second, attempt=2) == []
    assert [row["type"] for row in by_order(shop, "ord_ada")] == ["OrderPlaced", "OrderConfirmed"]


def test_after_the_last_attempt_the_failure_is_recorded_without_the_address(
    shop: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = placed(shop.customer("ada@example.com"))
    look_up = customers.email_of

    def fail(_customer_id: str) -> str | None:
        raise RuntimeError("ada@example.com is in trouble")

    monkeypatch.setattr(customers, "email_of", fail)
    for attempt in (1, 2):
        assert deliver(event, attempt=attempt) == [str(event.event_id)]
        assert shop.notifications() == []
    assert deliver(event, attempt=3) == [str(event.event_id)]
    (failed,) = shop.notifications()
    assert (failed["status"], failed["reason"], failed["version"]) == ("FAILED", "RuntimeError", 1)

    monkeypatch.setattr(customers, "email_of", look_up)
    assert deliver(event) == [], "a redrive heals it"
    (healed,) = shop.notifications()
    assert (healed["status"], healed["version"]) == ("KEPT", 2)


def test_a_customer_who_is_gone_is_a_recorded_failure_that_no_retry_repeats(shop: Surroundings) -> None:
    customer_id = shop.customer("ada@example.com")
    boto3.client("cognito-idp").admin_delete_user(UserPoolId=shop.user_pool_id, Username=customer_id)
    for _ in range(2):
        assert deliver(placed(customer_id)) == []
    (failed,) = shop.notifications()
    assert (failed["status"], failed["reason"], failed["version"]) == ("FAILED", "no_address", 1)


def test_nobody_is_mailed_at_an_address_that_the_customer_has_not_shown_to_be_theirs(
    shop: Surroundings, verified_sender: str
) -> None:
    assert deliver(placed(shop.customer("stranger@example.com", verified=False))) == []
    assert shop.mails() == []
    (failed,) = shop.notifications()
    assert (failed["status"], failed["reason"]) == ("FAILED", "no_address")


def test_an_event_of_an_unknown_version_goes_back_to_the_queue(shop: Surroundings) -> None:
    event = placed(shop.customer("ada@example.com"))
    assert deliver(event.model_copy(update={"version": 2})) == [str(event.event_id)]
    assert shop.notifications() == []


def by_order(shop: Surroundings, order_id: str) -> list[dict[str, Any]]:
    rows = (row for row in shop.notifications() if row["order_id"] == order_id)
    return sorted(rows, key=lambda row: row["entity_version"])


class _Recorder:
    """An SES that takes requests down and always times out."""

    class exceptions:  # noqa: N801 - boto3's name
        class MessageRejected(Exception): ...

        class MailFromDomainNotVerifiedException(Exception): ...

    def __init__(self, asked: list[dict[str, Any]]) -> None:
        self._asked = asked

    def send_email(self, **request: Any) -> None:
        self._asked.append(request)
        raise ReadTimeoutError(endpoint_url="ses")
