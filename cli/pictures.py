"""Orders and their stories as a terminal shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.client import Event, Order
from cli.format import count, lasting, moment, money, service, status, table

_BAR = 24
_WIDE = 120


def order_picture(order: Order) -> RenderableType:
    head = Text.assemble((order.order_id, "bold"), "  ", status(order.status))
    if order.reason:
        head.append(f"  {order.reason.replace('_', ' ')}", style="dim")
    goods = table()
    goods.add_column("quantity", justify="right")
    goods.add_column("sku", style="cyan", no_wrap=True)
    goods.add_column("product")
    goods.add_column("price", justify="right")
    for line in order.lines:
        goods.add_row(str(line.quantity), line.sku, line.name, money(line.unit_price * line.quantity))
    goods.add_section()
    goods.add_row(
        "", "", Text(f"total, by {order.payment_method}", style="bold"), Text(money(order.total), style="bold")
    )
    notes = [Text(f"Placed {moment(order.placed_at)}, last changed {moment(order.updated_at)}.", style="dim")]
    if order.attention:
        notes.append(
            Text(
                f"A person must look: {order.attention.reason.replace('_', ' ')} ({moment(order.attention.since)})",
                style="bold red",
            )
        )
    return Group(head, Padding(goods, (0, 0, 0, 2), expand=False), *notes)


def orders_picture(orders: Sequence[Order]) -> RenderableType:
    if not orders:
        return "No orders yet; place one: shop order --wait"
    listed = table()
    listed.add_column("order", no_wrap=True)
    listed.add_column("placed", no_wrap=True)
    listed.add_column("status", no_wrap=True)
    listed.add_column("units", justify="right")
    listed.add_column("total", justify="right")
    listed.add_column("why")
    for order in orders:
        listed.add_row(
            order.order_id,
            moment(order.placed_at),
            status(order.status),
            str(sum(line.quantity for line in order.lines)),
            money(order.total),
            (order.reason or "").replace("_", " ") + (" ⚠ needs attention" if order.attention else ""),
        )
    return listed


@dataclass(frozen=True)
class StoryPicture:
    """A waterfall: how far into the story each event came, and how long after the one before it. Narrow terminals show
    it without the bars."""

    order: Order
    events: Sequence[Event]

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text.assemble((self.order.order_id, "bold"), "  ", status(self.order.status))
        if not self.events:
            yield Text("Nothing has been recorded yet.", style="dim")
            return
        began, whole = self.events[0].at, self.events[-1].at - self.events[0].at
        yield self._waterfall(whole, bars=options.max_width >= _WIDE)
        yield Text(f"{count(len(self.events), 'event')} in {lasting(whole)}, from {moment(began)}", style="dim")

    def _waterfall(self, whole: timedelta, *, bars: bool) -> Table:
        told = table()
        told.add_column("when", justify="right", no_wrap=True)
        told.add_column("after", justify="right", no_wrap=True, style="dim")
        told.add_column("service", no_wrap=True)
        told.add_column("event", no_wrap=True)
        told.add_column("what happened")
        if bars:
            told.add_column("", no_wrap=True, min_width=_BAR)
        began = self.events[0].at
        gaps = [timedelta(0), *(later.at - earlier.at for earlier, later in pairwise(self.events))]
        for event, gap in zip(self.events, gaps, strict=True):
            since = event.at - began
            cells: list[RenderableType] = [
                f"+{since.total_seconds():.3f} s",
                lasting(gap) if gap else "",
                service(event.source),
                event.type,
                event.summary,
            ]
            told.add_row(*cells, *([_bar(since - gap, since, whole, event.source)] if bars else []))
        return told


def _bar(start: timedelta, end: timedelta, whole: timedelta, source: str) -> Text:
    """From the event before to this one, on a line that is the whole story."""
    if not whole:
        return Text("▏")
    first, last = (round(_BAR * (moment / whole)) for moment in (start, end))
    length = max(last - first, 1)
    first = min(first, _BAR - length)
    return Text.assemble(
        " " * first, Text("━" * length, style=service(source).style), Text(" " * (_BAR - first - length))
    )
