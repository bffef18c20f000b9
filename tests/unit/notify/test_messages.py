"""What customers read."""

from datetime import UTC, datetime
from typing import Any

import pytest
from jinja2 import DictLoader

from contracts.envelope import Envelope, EventData, envelop
from contracts.order import OrderCancelled, OrderConfirmed, OrderHeldForReview, OrderPlaced, OrderRejected
from contracts.types import Money, OrderLine
from notify.messages import _templates, render

NOW = datetime(2024, 5, 17, 10, 0, tzinfo=UTC)
ORDER: dict[str, Any] = {"order_id": "ord_1", "customer_id": "customer", "total": Money(amount=1205)}


def lines(name: str) -> tuple[OrderLine, ...]:
    return (OrderLine(sku="tea", quantity=2, name=name, unit_price=Money(amount=500)),)


def event(data: EventData) -> Envelope[Any]:
    return envelop(data, entity_id="ord_1", entity_version=1, occurred_at=NOW, correlation_id="ord_1")


KINDS = [
    OrderPlaced(**ORDER, lines=lines("Tea"), payment_method="pm_visa", placed_at=NOW),
    OrderHeldForReview(**ORDER),
    OrderConfirmed(**ORDER, lines=lines("Tea")),
    OrderRejected(**ORDER, reason="out_of_stock"),
    OrderCancelled(**ORDER, reason="customer"),
]


@pytest.mark.parametrize("data", KINDS, ids=lambda data: type(data).__name__)
def test_every_kind_of_mail_names_its_order_in_text_and_html(data: EventData) -> None:
    mail = render(event(data), "ada@example.com")
    assert mail.to == "ada@example.com"
    assert mail.subject
    assert "\n" not in mail.subject
    for body in (mail.text, mail.html):
        assert "ord_1" in body
        assert "{" not in body.replace("{ ", "")
    assert f"<title>{mail.subject}</title>" in mail.html
    assert mail.subject not in mail.text


def test_the_kinds_say_different_things() -> None:
    assert len({render(event(data), "ada@example.com").text for data in KINDS}) == len(KINDS)


def test_a_confirmation_lists_what_was_bought_and_what_it_costs() -> None:
    mail = render(event(OrderConfirmed(**ORDER, lines=lines("Assam"))), "ada@example.com")
    for body in (mail.text, mail.html):
        assert "2 × Assam" in body
        assert "$5.00" in body
        assert "$12.05" in body


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("out_of_stock", "out of stock"),
        ("payment_declined", "declined"),
        ("payment_insufficient_funds", "declined"),
        ("SomethingInternal: db-7", "could not be completed"),
    ],
)
def test_a_rejection_says_why_in_words_for_a_customer(reason: str, words: str) -> None:
    mail = render(event(OrderRejected(**ORDER, reason=reason)), "ada@example.com")
    assert words in mail.text
    assert words in mail.html
    assert reason not in mail.text + mail.html


def test_html_in_a_product_name_is_shown_not_obeyed() -> None:
    mail = render(event(OrderConfirmed(**ORDER, lines=lines('<img src=x onerror="x"> & 茶 🍵'))), "ada@example.com")
    assert '<img src=x onerror="x"> & 茶 🍵' in mail.text
    assert "<img" not in mail.html
    assert "&lt;img src=x onerror=&#34;x&#34;&gt; &amp; 茶 🍵" in mail.html


@pytest.mark.parametrize(
    "text", ["\n  Total: $0.00", "\r\nBcc: all", "\x1b[2J", "\x9b2J", "\x00", "\u202e", "\u2067", "\u2029"]
)
def test_a_product_name_stays_on_its_line_and_commands_nothing(text: str) -> None:
    mail = render(event(OrderConfirmed(**ORDER, lines=lines(f"Tea{text}!"))), "ada@example.com")
    plain = render(event(OrderConfirmed(**ORDER, lines=lines("Tea!"))), "ada@example.com")
    for body, usual in ((mail.text, plain.text), (mail.html, plain.html)):
        assert len(body.splitlines()) == len(usual.splitlines())
        assert not set(body) & set(text) - {"\n"} - set(usual) - set("[2JBcc: al$0Tot.")


def test_no_header_can_be_put_into_a_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by a template that would name goods there."""
    monkeypatch.setattr(
        "notify.messages.FileSystemLoader",
        lambda _folder: DictLoader(
            {
                "OrderConfirmed.txt": "{{ order.lines[0].name }} is yours\n\nThank you.",
                "OrderConfirmed.html": "",
            }
        ),
    )
    _templates.cache_clear()
    mail = render(
        event(OrderConfirmed(**ORDER, lines=lines("Tea\r\nBcc: everybody@example.com\n\nBuy"))), "ada@example.com"
    )
    _templates.cache_clear()
    assert mail.subject.isprintable()
    assert mail.subject.endswith("is yours")


def test_the_same_event_is_always_the_same_message() -> None:
    first, second = (render(event(KINDS[0]), "ada@example.com") for _ in range(2))
    assert first == second
    assert first.message_id != render(event(KINDS[2]), "ada@example.com").message_id
