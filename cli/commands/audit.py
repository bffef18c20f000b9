"""`audit`: checks whether everything that must hold does hold."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn
from rich.text import Text

from audit import PATIENCE_SECONDS, Step, run_audit
from audit import Progress as Report
from audit.result import CheckResult
from audit.verdict import Verdict, verdict_on
from cli.format import table
from cli.session import console, session_of

_FAULTS_SHOWN = 10
_STEP_WIDTH = 100


def register(app: typer.Typer) -> None:
    app.command()(audit)


def audit(
    context: typer.Context,
    patience: Annotated[
        float, typer.Option("--wait", help="Wait at most this many seconds until the stack is quiet.", min=0)
    ] = PATIENCE_SECONDS,
    expect_dead: Annotated[
        list[str] | None,
        typer.Option(
            help="The id of a message, or of an event in it, that is allowed to be a dead letter (repeatable).",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Check stock, money, orders, events, queues, notifications and replicas; fail if one is wrong."""
    shop = session_of(context)
    with _shown(console(stderr=True)) as report:
        results = run_audit(shop.stack, patience=patience, expect_dead=expect_dead or (), progress=report)
    verdict = verdict_on(results)
    document = {
        "ok": verdict.holds,
        "checks": [result.document() for result in results],
        "verdict": verdict.text,
        "next": verdict.next,
    }
    shop.say(document, lambda: _picture(results, verdict))
    raise typer.Exit(0 if verdict.holds else 1)


@contextmanager
def _shown(terminal: Console) -> Iterator[Report]:
    """Shows what the audit is doing, on a terminal only."""
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        console=terminal,
        transient=True,
        disable=not terminal.is_terminal,
    ) as bar:
        task = bar.add_task("Reading", total=None)

        def report(step: Step) -> None:
            # How long a busy shop takes is unknown; only how long the audit waits for it is known.
            total = float(step.total) if step.total else None
            bar.update(task, description=_line(step), completed=step.done, total=total)

        yield report


def _line(step: Step) -> str:
    if step.left is None:
        return f"Reading {step.done:,} of about {step.total:,} rows"
    until = datetime.now().astimezone() + timedelta(seconds=step.left)
    return f"Waiting until {until:%H:%M:%S} at most ({step.left:.0f} s) for quiet: {step.text[:_STEP_WIDTH]}"


def checks_picture(results: Sequence[CheckResult]) -> RenderableType:
    checks = table()
    checks.show_header = False
    for result in results:
        checks.add_row(_mark(result), str(result.number), result.name, _details(result))
    return checks


def _picture(results: list[CheckResult], verdict: Verdict) -> RenderableType:
    style = "bold red" if not verdict.holds else "yellow" if any(result.notes for result in results) else "green"
    closing = [Text(verdict.text, style=style)]
    if verdict.next:
        closing.append(Text(f"Next: {verdict.next}"))
    return Group(checks_picture(results), *closing)


def _mark(result: CheckResult) -> Text:
    """Returns the mark of a check. One that passes but needs a person gets no tick."""
    if not result.ok:
        return Text("✗", style="bold red")
    return Text("!", style="bold yellow") if result.notes else Text("✓", style="green")


def _details(result: CheckResult) -> RenderableType:
    lines = [Text(fault, style="red") for fault in result.faults[:_FAULTS_SHOWN]]
    if len(result.faults) > _FAULTS_SHOWN:
        lines.append(Text(f"… and {len(result.faults) - _FAULTS_SHOWN:,} more (--json shows all)", style="dim"))
    lines += [Text(note, style="yellow") for note in result.notes]
    return Group(Text(result.figures), *lines)
