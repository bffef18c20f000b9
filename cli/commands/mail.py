"""`mail`: the e-mails to customers, as the notify service sent or stored them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any

import typer
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.text import Text

from cli.commands.arguments import OrderInFull
from cli.format import moment, table
from cli.pictures import WIDE
from cli.session import session_of
from contracts.types import Timestamp, Value
from deployed.account_mails import account_mails
from deployed.errors import CommandError
from deployed.mails import with_text
from deployed.stack import Stack
from shopkit.dynamodb import from_item, pages, query

_STYLES = {"SENT": "green", "KEPT": "yellow", "FAILED": "red"}


class Mail(Value):
    """`status` is SENT, KEPT (no verified sender, so the e-mail is stored and shown here instead), SENDING or
    FAILED."""

    order_id: str | None  # none: about the customer's account, by Cognito
    about: str
    status: str
    at: Timestamp
    reason: str | None = None
    to: str | None = None
    subject: str | None = None
    text: str | None = None


def register(app: typer.Typer) -> None:
    app.command()(mail)


def mail(
    context: typer.Context,
    order_id: OrderInFull = None,
    limit: Annotated[int, typer.Option(help="Show this many of the newest.", min=1)] = 20,
) -> None:
    """Show the e-mails to customers, including those that were stored because no sender is verified. For a shop on this
    machine, also show the codes that Cognito sends."""
    shop = session_of(context)
    mails = _mails(shop.stack, order_id)[-limit:]
    if order_id and not mails:
        raise CommandError(
            f"There is no e-mail about {order_id}. Check the order's id; its customer may not have been notified yet."
        )
    shop.say([found.model_dump(mode="json") for found in mails], lambda: _letters(mails) if order_id else _List(mails))


def _mails(stack: Stack, order_id: str | None) -> list[Mail]:
    """Returns the e-mails, oldest first."""
    rows = _about(stack, order_id) if order_id else _all(stack)
    mails = [Mail.model_validate({**with_text(row), "about": row["type"]}) for row in rows if row["channel"] == "email"]
    if order_id is None:
        mails += (Mail(order_id=None, about="account", status="SENT", **dict(mail)) for mail in account_mails(stack))
    return sorted(mails, key=lambda found: found.at)


def _about(stack: Stack, order_id: str) -> Iterator[dict[str, Any]]:
    """Yields the rows about the events of an order, which its timeline names."""
    dynamodb, table = stack.client("dynamodb"), stack.resources["Notify/Notifications"]
    for event in query(dynamodb, stack.resources["Order/Timeline"], "order_id = :order", {":order": order_id}):
        if event["source"] == "shop.order":
            key = {"pk": {"S": f"{event['event_id']}#email"}}
            if found := dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item"):
                yield from_item(found)


def _all(stack: Stack) -> Iterator[dict[str, Any]]:
    """Yields all rows. A scan is acceptable here, because operators run this command rarely."""
    table = stack.resources["Notify/Notifications"]
    return chain.from_iterable(pages(stack.client("dynamodb"), "scan", TableName=table, ConsistentRead=True))


@dataclass(frozen=True)
class _List:
    """Narrow terminals do not show the time and the recipient."""

    mails: Sequence[Mail]

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        if not self.mails:
            yield "No e-mail yet."
            return
        wide = options.max_width >= WIDE
        listed = table()
        for heading in ("when", "status", "order", "to") if wide else ("status", "order"):
            listed.add_column(heading, no_wrap=True)
        listed.add_column("subject")
        for found in self.mails:
            subject = found.subject or f"({found.about}: {found.reason})"
            if found.order_id is None:  # whose text is one line, with the code
                subject = found.text or ""
            cells = (moment(found.at), _status(found), found.order_id or "", found.to or "")
            listed.add_row(*(cells if wide else cells[1:3]), subject)
        yield listed


def _letters(mails: list[Mail]) -> RenderableType:
    letters = []
    for found in mails:
        head = Text.assemble(f"{moment(found.at)}  ", _status(found), f"  to {found.to or 'nobody'}")
        body = Text(found.text or f"{found.about}: {found.reason}")
        letters.append(
            Panel(Group(head, Text(), body), title=Text(found.subject or found.about), title_align="left", width=100)
        )
    return Group(*letters)


def _status(found: Mail) -> Text:
    return Text(found.status, style=_STYLES.get(found.status, "cyan"))
