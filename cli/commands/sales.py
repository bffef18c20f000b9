"""`sales`: what the consumer of Kafka's topic has counted."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Annotated

import typer
from rich.console import RenderableType

from cli.format import money, table
from cli.session import session_of
from contracts.types import Money, Timestamp, Value
from deployed.errors import CommandError, Usage
from deployed.stack import Stack
from shopkit.dynamodb import query

_TABLE = "KafkaService/Sales"


class Sold(Value):
    """Sales of one sku in one hour (UTC), without cancelled ones. `revenue` is in minor units."""

    hour: Timestamp
    sku: str
    currency: str
    units: int
    revenue: int


def register(app: typer.Typer) -> None:
    app.command()(sales)


def sales(
    context: typer.Context,
    day: Annotated[str | None, typer.Option(help="A day in UTC, for example 2026-03-01; by default today.")] = None,
) -> None:
    """Show what was sold in each hour of a day, as counted from Kafka, which must be on."""
    shop, chosen = session_of(context), _day(day)
    if _TABLE not in set(shop.stack.resources):
        raise CommandError("Kafka is off, so no sales are counted. On this machine: make run KAFKA=1")
    found = list(_sold(shop.stack, chosen))
    shop.say([sold.model_dump(mode="json") for sold in found], lambda: _picture(found, chosen))


def _day(given: str | None) -> date:
    try:
        return date.fromisoformat(given) if given is not None else datetime.now(UTC).date()
    except ValueError:
        raise Usage(f"{given!r} is not a day in the form 2026-03-01.") from None


def _sold(stack: Stack, day: date) -> Iterator[Sold]:
    """Yields the sales by hour and sku, without those that were entirely cancelled."""
    rows = query(stack.client("dynamodb"), stack.resources[_TABLE], "pk = :day", {":day": f"day#{day:%Y-%m-%d}"})
    yield from (sold for sold in map(Sold.model_validate, rows) if sold.units)


def _picture(found: Sequence[Sold], day: date) -> RenderableType:
    if not found:
        return f"Nothing was sold on {day} (UTC)."
    view = table()
    view.add_column("hour (UTC)", no_wrap=True)
    view.add_column("sku", style="cyan")
    view.add_column("units", justify="right")
    view.add_column("revenue", justify="right")
    for sold in found:
        revenue = Money(amount=sold.revenue, currency=sold.currency)
        view.add_row(f"{sold.hour:%Y-%m-%d %H}:00", sold.sku, f"{sold.units:,}", money(revenue))
    return view
