"""Draws an order's steps: a tree of what led to what, and beside it a line of time on which each waits and runs."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from cli.format import count, lasting, service, status, table
from deployed.traces import Traced
from deployed.traces.steps import Call, Step
from deployed.traces.waiting import Waiting

_NARROWEST_BAR, _WIDEST_BAR = 10, 48
_COLUMNS = 27  # of the three columns of times, with the spaces after all
_ROOMY = 110
_WAIT, _RUN, _WORKFLOW = "┄", "█", "━"
_FAILED, _WAITED = "bold red", "yellow"


@dataclass(frozen=True)
class _Row:
    """A line of the picture. Times are in seconds since 1970."""

    depth: int
    label: Text
    began: float
    ended: float | None
    waited: float | None = None
    style: str = ""
    stroke: str = _RUN
    until: Literal["its end", "now"] = "its end"


@dataclass(frozen=True)
class TracePicture:
    """Requests that only read the order are counted, not drawn."""

    found: Traced
    now: float
    calls: bool = False

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        found = self.found
        yield Text.assemble((found.order.order_id, "bold"), "  ", status(found.order.status))
        reads = [step for step in found.steps if step.only_reads]
        hidden = {step.id for step in reads}
        drawn = [step for step in found.steps if step.id not in hidden and step.cause not in hidden]
        rows = list(_rows(drawn, found.waiting, self.now, calls=self.calls))
        yield ""
        yield _waterfall(rows, options.max_width)
        yield ""
        yield Text.assemble(
            (_WAIT * 2, _WAITED), " waits   ", _RUN * 2, " runs   ", _WORKFLOW * 2, " workflow", style="dim"
        )
        yield from self._words(drawn, reads)

    def _words(self, drawn: Sequence[Step], reads: Sequence[Step]) -> Iterator[Text]:
        runs = count(len({step.segment.id for step in drawn if step.kind == "function"}), "invocation")
        calls = count(sum(len(step.calls) for step in drawn), "AWS call")
        traces = count(len({step.segment.trace_id for step in drawn}), "trace")
        listed = "" if self.calls else "; --calls lists the calls"
        yield Text(f"{runs} and {calls} in {traces}{listed}.", style="dim")
        if reads:
            yield Text(f"Not drawn: {count(len(reads), 'request')} that only read the order.", style="dim")
        if untraced := self.found.untraced:
            names = ", ".join(dict.fromkeys(event.type for event in untraced))
            yield Text(
                f"Without a trace: {count(len(untraced), 'event')} ({names}). X-Ray keeps only a sample.", style=_WAITED
            )


def _rows(steps: Sequence[Step], waiting: Sequence[Waiting], now: float, *, calls: bool) -> Iterator[_Row]:
    known = {step.id for step in steps}
    after: defaultdict[str | None, list[Step]] = defaultdict(list)
    for step in steps:
        after[step.cause if step.cause in known else None].append(step)
    pending: defaultdict[str, list[Waiting]] = defaultdict(list)
    for one in waiting:
        pending[one.cause].append(one)

    def below(step: Step, depth: int) -> Iterator[_Row]:
        following = after[step.id]
        label, shown = _label(step), step
        if step.kind == "api" and len(following) == 1 and not following[0].error:
            # The request and the function that answers it are one line.
            label = Text.assemble(step.name, " → ", _label(following[0]))
            shown, following = following[0], after[following[0].id]
        yield _row(step, label, depth)
        if calls:
            yield from (_call_row(call, depth + 1) for call in shown.calls)
        for one in (*pending[step.id], *(pending[shown.id] if shown is not step else ())):
            yield _waiting_row(one, depth + 1, now)
        for each in following:
            yield from below(each, depth + 1)

    for first in after[None]:
        yield from below(first, 0)


def _row(step: Step, label: Text, depth: int) -> _Row:
    style = _FAILED if step.error else _colour(step.name)
    stroke = _WORKFLOW if step.kind == "workflow" else _RUN
    return _Row(depth, label, step.began, step.ended, step.waited, style, stroke)


def _label(step: Step) -> Text:
    label = Text(step.name, style=_colour(step.name))
    if step.deed == "published":
        label.append(f" → {step.event}", style="bold")
    if step.attempt > 1:
        label.append(f" (attempt {step.attempt})", style=_WAITED)
    if step.started_up:
        label.append(f"\ncold start {_seconds(step.started_up)}", style="dim")
    if step.error:
        label.append(f"\n✗ {step.error}", style=_FAILED)
    elif step.ended is None:
        label.append(" …", style=_WAITED)
    return label


def _call_row(call: Call, depth: int) -> _Row:
    label = Text(f"{call.operation} {call.on or call.service}", style="dim")
    if call.error:
        label.append(f"\n✗ {call.error}", style=_FAILED)
    return _Row(depth, label, call.segment.began, call.segment.ended, None, _FAILED if call.error else "dim")


def _waiting_row(one: Waiting, depth: int, now: float) -> _Row:
    why = "which is switched off" if one.consumer.off else "which has not taken it"
    label = Text.assemble((f"{one.event} waits", f"bold {_WAITED}"), (f"\nfor {one.consumer.name},\n{why}", _WAITED))
    return _Row(depth, label, one.since, None, max(now - one.since, 0.0), _WAITED, until="now")


def _waterfall(rows: Sequence[_Row], width: int) -> Table:
    began = min((row.began for row in rows), default=0.0)
    whole = max((row.ended or row.began for row in rows), default=0.0) - began
    indent = 2 if width >= _ROOMY else 1
    longest = max((max(map(len, row.label.plain.split("\n"))) + row.depth * indent for row in rows), default=0)
    bar = min(max(width - _COLUMNS - longest, _NARROWEST_BAR), _WIDEST_BAR)
    drawn = table()
    drawn.padding, drawn.show_edge = (0, 0, 0, 0), False
    drawn.add_column("at", justify="right", no_wrap=True)
    drawn.add_column("waited", justify="right", no_wrap=True, style=_WAITED)
    drawn.add_column("took", justify="right", no_wrap=True)
    drawn.add_column(" what", overflow="fold")
    drawn.add_column("", no_wrap=True, width=bar)
    for row in rows:
        drawn.add_row(
            f"+{row.began - began:.3f}",
            "" if row.waited is None or (row.until == "its end" and row.waited < 0.0005) else _seconds(row.waited),
            "" if row.ended is None else _seconds(row.ended - row.began),
            _indented(row.label, 1 + row.depth * indent),
            _bar(row, began, whole, bar),
        )
    return drawn


def _bar(row: _Row, began: float, whole: float, width: int) -> Text:
    """Returns the line of time: first the waiting, which ended when the work began, then the work."""
    if not whole:
        return Text(row.stroke, style=row.style)

    def place(moment: float) -> int:
        return min(max(int(width * (moment - began) / whole), 0), width)

    if row.until == "now":
        start = min(place(row.began), width - 1)
        return Text.assemble(" " * start, (_WAIT * (width - start), _WAITED))
    start = min(place(row.began), width - 1)
    end = max(place(row.ended), start + 1) if row.ended is not None else width
    first = min(place(row.began - (row.waited or 0.0)), start)
    return Text.assemble(" " * first, (_WAIT * (start - first), _WAITED), (row.stroke * (end - start), row.style))


def _indented(label: Text, by: int) -> Text:
    lines = label.split("\n")
    return Text("\n").join(Text.assemble(" " * (by + (number > 0)), line) for number, line in enumerate(lines))


def _colour(name: str) -> str:
    return str(service(f"shop.{name.partition('.')[0]}").style)


def _seconds(value: float) -> str:
    return lasting(timedelta(seconds=value))
