"""When the notify service says what."""

from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.envelope import envelop
from contracts.notify import NotificationFailed, NotificationSent
from contracts.order import OrderHeldForReview
from contracts.types import Money
from notify import domain
from notify.domain import Mail, Notification
from notify.events import events_of
from notify.store import row_of

NOW = datetime(2024, 5, 17, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
HELD = envelop(
    OrderHeldForReview(order_id="ord_1", customer_id="customer", total=Money(amount=1)),
    entity_id="ord_1",
    entity_version=2,
    occurred_at=NOW,
    correlation_id="ord_1",
)
MAIL = Mail(message_id="<1@cartwheel.invalid>", to="ada@example.com", subject="Hello", text="text", html="<p>html</p>")
INTENT = domain.sending(domain.about(HELD, "email", NOW), MAIL, NOW)


def events(before: Notification | None, after: Notification) -> list[Any]:
    return events_of(row_of(before) if before else None, row_of(after))


def test_an_intent_to_send_is_nobodys_business() -> None:
    assert events(None, INTENT) == []


def test_a_sent_mail_is_told_without_its_address() -> None:
    (event,) = events(INTENT, domain.sent(INTENT, "ses-1", NOW))
    assert event.data == NotificationSent(
        order_id="ord_1", channel="email", about="OrderHeldForReview", about_event_id=HELD.event_id, kept=False
    )
    assert event.correlation_id == "ord_1"
    assert "ada" not in event.model_dump_json()


def test_a_kept_mail_counts_as_told_and_says_so() -> None:
    (event,) = events(None, domain.kept(INTENT, "no_sender", NOW))
    assert event.data.kept is True


def test_each_channel_tells_of_its_own_outcome() -> None:
    posted = domain.sent(domain.about(HELD, "webhook", NOW), "204", NOW)
    (mail,), (webhook,) = events(None, domain.sent(INTENT, "ses-1", NOW)), events(None, posted)
    assert (webhook.data.channel, webhook.data.about_event_id) == ("webhook", HELD.event_id)
    assert mail.event_id != webhook.event_id


def test_a_failure_says_why() -> None:
    (event,) = events(None, domain.failed(domain.about(HELD, "email", NOW), "no_address", NOW))
    assert isinstance(event.data, NotificationFailed)
    assert event.data.reason == "no_address"


def test_a_failure_healed_by_a_redrive_is_two_outcomes_with_two_ids() -> None:
    failed = domain.failed(INTENT, "ReadTimeoutError", NOW)
    again = domain.sending(failed, MAIL, LATER)
    healed = domain.sent(again, "ses-1", LATER)
    (first,) = events(INTENT, failed)
    assert events(failed, again) == []
    (second,) = events(again, healed)
    assert [type(first.data), type(second.data)] == [NotificationFailed, NotificationSent]
    assert (first.entity_version, second.entity_version) == (1, 2)


def test_failing_again_for_the_same_reason_says_nothing_new() -> None:
    failed = domain.failed(domain.about(HELD, "email", NOW), "no_address", NOW)
    assert domain.failed(failed, "no_address", LATER) == failed
    assert domain.failed(failed, "other", LATER).version == 2


def test_a_deleted_row_says_nothing() -> None:
    assert events_of(row_of(domain.sent(INTENT, "ses-1", NOW)), None) == []
