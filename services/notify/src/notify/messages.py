"""Renders mails about orders' events: for each kind of event, templates/<type>.txt (its first line the subject) and
.html."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from contracts.envelope import Envelope
from contracts.types import Money
from notify.domain import Mail, message_id
from shopkit.printing import harmless

# The reasons that customers may learn. All others are internal.
_REASONS = {
    "out_of_stock": "something in it is out of stock",
    "payment_declined": "your payment was declined",
    "payment_insufficient_funds": "your payment was declined",
    "payment_capture_refused": "your payment could not be collected",
}


def render(event: Envelope[Any], to: str) -> Mail:
    """Returns the mail about an order's event. Raises jinja2.TemplateNotFound for an event without a template."""
    values = {"order": event.data, "occurred_at": event.occurred_at}
    subject, _, text = _templates().get_template(f"{event.type}.txt").render(values).partition("\n")
    html = _templates().get_template(f"{event.type}.html").render(values, subject=subject)
    return Mail(message_id=message_id(event.event_id), to=to, subject=subject, text=text.strip() + "\n", html=html)


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        # Inserted values, the subject included, cannot add lines or change the text around them.
        finalize=lambda value: harmless(value) if isinstance(value, str) else value,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters |= {"money": _money, "because": _because}
    return templates


def _money(amount: Money) -> str:
    """`$1,234.50`: every currency the shop sells in has two decimals."""
    number = f"{amount.amount / 100:,.2f}"
    return f"${number}" if amount.currency == "USD" else f"{number} {amount.currency}"


def _because(reason: str) -> str:
    return _REASONS.get(reason, "it could not be completed")
