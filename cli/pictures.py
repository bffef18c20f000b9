"""Shows orders, their stories and trending products in a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.format import count, lasting, moment, money, service, status, table
from deployed.front_door import Event, Order, Trend

_BAR = 24
# From this width on, optional columns are shown.
WIDE = 120
# The parts of a product's bar, which differ even without colours.
_VIEWED, _CARTED, _BOUGHT = ("░", "cyan"), ("▒", "yellow"), ("█", "green")


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
                f"Needs attention: {order.attention.reason.replace('_', ' ')} ({moment(order.attention.since)})",
                style="bold red",
            )
        )
    return Group(head, Padding(goods, (0, 0, 0, 2), expand=False), *notes)


@dataclass(frozen=True)
class OrdersPicture:
    """Newest first. Narrow terminals do not show the time and the number of units, and show the reason below the id, so
    that words are not cut."""

    orders: Sequence[Order]

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        if not self.orders:
            yield "No orders yet; place one: ./shop order --wait"
            return
        wide = options.max_width >= WIDE
        listed = table()
        listed.add_column("order", no_wrap=True)
        listed.add_column("status", no_wrap=True)
        if wide:
            listed.add_column("placed", no_wrap=True)
            listed.add_column("units", justify="right")
        listed.add_column("total", justify="right", no_wrap=True)
        if wide:
            listed.add_column("why")
        for order in self.orders:
            why = [(order.reason or "").replace("_", " "), "⚠ needs attention" if order.attention else ""]
            if wide:
                units = str(sum(line.quantity for line in order.lines))
                cells = (order.order_id, status(order.status), moment(order.placed_at), units, money(order.total))
                listed.add_row(*cells, " ".join(why))
            else:
                below = [f"\n  {words}" for words in why if words]
                listed.add_row("".join((order.order_id, *below)), status(order.status), money(order.total))
        yield listed


@dataclass(frozen=True)
class StoryPicture:
    """A waterfall of events: the time since the first event, and since the event before. Narrow terminals show it
    without the bars and the latter."""

    order: Order
    events: Sequence[Event]

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text.assemble((self.order.order_id, "bold"), "  ", status(self.order.status))
        if not self.events:
            yield Text("Nothing has been recorded yet.", style="dim")
            return
        began, whole = self.events[0].at, self.events[-1].at - self.events[0].at
        yield self._waterfall(whole, bars=options.max_width >= WIDE)
        yield Text(f"{count(len(self.events), 'event')} in {lasting(whole)}, from {moment(began)}", style="dim")

    def _waterfall(self, whole: timedelta, *, bars: bool) -> Table:
        told = table()
        told.add_column("when", justify="right", no_wrap=True)
        if bars:
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
                *([lasting(gap) if gap else ""] if bars else []),
                service(event.source),
                event.type,
                event.summary,
            ]
            told.add_row(*cells, *([_bar(since - gap, since, whole, event.source)] if bars else []))
        return told


def _bar(start: timedelta, end: timedelta, whole: timedelta, source: str) -> Text:
    """Returns a bar from the event before to this one, on a line that represents the whole story."""
    if not whole:
        return Text("▏")
    first, last = (round(_BAR * (moment / whole)) for moment in (start, end))
    length = max(last - first, 1)
    first = min(first, _BAR - length)
    return Text.assemble(
        " " * first, Text("━" * length, style=service(source).style), Text(" " * (_BAR - first - length))
    )


@dataclass(frozen=True)
class TrendingPicture:
    """For each product a bar as long as its views. Parts of it show how many went into carts and how many were bought.
    Narrow terminals get shorter bars and no checkouts."""

    trends: Sequence[Trend]

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        if not self.trends:
            yield "Nobody has looked at anything lately; simulate visitors: ./shop clicks"
            return
        longest = max(max(trend.views, trend.carts, trend.purchases) for trend in self.trends)
        wide = options.max_width >= WIDE
        width = 2 * _BAR if wide else _BAR // 2
        chart = table()
        chart.add_column("sku", no_wrap=True, style="cyan")
        chart.add_column("", no_wrap=True)
        headings = ["views", "carts", *(["checkouts"] if wide else []), "purchases", "conversion"]
        for heading in headings:
            chart.add_column(heading, justify="right", no_wrap=True)
        for trend in self.trends:
            chart.add_row(
                trend.sku,
                _looks(trend, width / longest if longest else 0),
                *(f"{getattr(trend, heading):,}" for heading in headings[:-1]),
                "–" if trend.conversion is None else f"{trend.conversion:.0%}",
            )
        yield chart
        yield Text.assemble(_VIEWED, " viewed  ", _CARTED, " put in carts  ", _BOUGHT, " bought")


def _looks(trend: Trend, per_click: float) -> Text:
    """Returns the bar. Shorter parts are drawn over longer ones, and every part that is not zero is visible."""
    bar, drawn = Text(), 0
    for number, (character, style) in ((trend.purchases, _BOUGHT), (trend.carts, _CARTED), (trend.views, _VIEWED)):
        length = max(round(number * per_click), 1) if number else 0
        bar.append(character * max(length - drawn, 0), style=style)
        drawn = max(drawn, length)
    return bar
