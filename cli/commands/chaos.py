"""`chaos`: faults on purpose under a crowd of shoppers, and the audit's verdict."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from audit import run_audit
from audit.verdict import verdict_on
from chaos.imposing import require_embedded
from chaos.run import Report, foreseen, plan_of, run
from cli.commands.audit import checks_picture
from cli.format import count, table
from cli.session import console, session_of
from deployed.errors import CommandError
from deployed.faults import Kind, Plan

_SHOWN = 6
_MOST_LINES = 20
_MEANINGS = {
    Kind.ERROR: "the call fails and does nothing",
    Kind.LOST: "it takes effect, but its answer is an error",
    Kind.THROTTLE: "the service refuses it for now",
    Kind.DELAY: "it waits up to 2 s",
    Kind.DUPLICATE: "it is delivered twice",
    Kind.REORDER: "a message waits, and later ones overtake it",
    Kind.KILL: "the function's process dies before or after a call",
}

type Tell = Callable[[str, float], None]

Seed = Annotated[
    int | None,
    typer.Option(help="Chooses shoppers and faults; by default a new one.", min=0, show_default=False),
]


def register(app: typer.Typer) -> None:
    app.command()(chaos)


def chaos(
    context: typer.Context,
    orders: Annotated[int, typer.Option(help="How many orders the shoppers place.", min=1)] = 100,
    seed: Seed = None,
    faults: Annotated[float, typer.Option(help="The share of operations that suffer a fault.", min=0, max=1)] = 0.05,
    plan: Annotated[bool, typer.Option("--plan", help="Only print the plan of this seed.")] = False,
) -> None:
    """Let shoppers buy while the shop fails on purpose; then heal it, and audit; fail if a promise was broken.

    Needs the shop of `make run`. The same seed has the same plan: which call of which name fails, and how.
    """
    shop = session_of(context)
    number = seed if seed is not None else secrets.randbelow(1_000_000)
    if plan:
        drawn = plan_of(number, faults, orders, time.time())
        shop.say(_plan_document(drawn), lambda: _plan_picture(drawn))
        return
    require_embedded(shop.stack)
    with _progress(console(stderr=True)) as tell:
        tell("Auditing the shop as it is", 0.0)
        if not all(result.ok for result in run_audit(shop.stack)):
            raise CommandError("The audit finds faults already, which chaos has not caused. See: ./shop audit")
        report = run(shop.stack, seed=number, orders=orders, rate=faults, tell=tell)
    shop.say(report.document(), lambda: report_picture(report))
    if not report.holds:
        shop.hint(f"The same shoppers and the same plan: ./shop chaos --orders {orders} --seed {number}")
    raise typer.Exit(0 if report.holds else 1)


@contextmanager
def _progress(terminal: Console) -> Iterator[Tell]:
    with Progress(
        SpinnerColumn(),
        BarColumn(bar_width=16),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        console=terminal,
        transient=True,
        disable=not terminal.is_terminal,
    ) as bar:
        task = bar.add_task("Signing in", total=1.0)
        yield lambda text, done: bar.update(task, description=text, completed=done)


def report_picture(report: Report) -> RenderableType:
    total = sum(sum(by_service.values()) for by_service in report.injected.values())
    head = Text.assemble(
        (f"Seed {report.seed}", "bold"),
        f": {count(report.orders, 'order')}, {report.rate:.0%} faults, {report.seconds / 60:.1f} minutes",
    )
    ended = table(f"\n{count(sum(report.endings.values()), 'order')} ended")
    ended.add_column("", justify="right")
    ended.add_column("how")
    for how, number in report.endings.items():
        ended.add_row(f"{number:,}", how.replace("_", " "))
    style = "green" if report.holds else "bold red"
    mark = "✓" if report.holds else "✗"
    closing = Text(f"{mark} {verdict_of(report)}", style=style)
    return Group(
        head,
        _injected_picture(report.injected, total),
        ended,
        _healed(report),
        *([Text(f"refused for good: {line}", style="dim") for line in report.refused[:_MOST_LINES]]),
        checks_picture(report.checks),
        *(Text(violation, style="red") for violation in report.violations[:_MOST_LINES]),
        closing,
    )


def verdict_of(report: Report) -> str:
    return f"{count(len(report.violations), 'violation')}. {verdict_on(report.checks).text}"


def _injected_picture(injected: Mapping[str, Mapping[str, int]], total: int) -> RenderableType:
    services = sorted({service for by_service in injected.values() for service in by_service})
    view = table(f"\n{count(total, 'fault')} injected")
    view.add_column("kind")
    for service in services:
        view.add_column(service, justify="right")
    view.add_column("all", justify="right", style="bold")
    for kind, by_service in injected.items():
        cells = [f"{by_service[service]:,}" if service in by_service else "" for service in services]
        view.add_row(kind, *cells, f"{sum(by_service.values()):,}")
    return view


def _healed(report: Report) -> Text:
    letters = sum(report.redriven.values())
    places = ", ".join(f"{number} in {place}" for place, number in report.redriven.items())
    told = f"Healed: {count(letters, 'letter')} redriven{f' ({places})' if places else ''}, "
    return Text(f"{told}{report.settled} settled, {report.restarted} restarted.")


def _plan_document(plan: Plan) -> dict[str, object]:
    faults = {str(operation): dict(found) for operation, found in foreseen(plan, 1000)}
    return {"seed": plan.seed, "rate": plan.spells[0].rate, "faults": faults}


def _plan_picture(plan: Plan) -> RenderableType:
    meanings = table("What can happen")
    meanings.show_header = False
    for kind, meaning in _MEANINGS.items():
        meanings.add_row(Text(kind, style="bold"), meaning)
    view = table("\nThe first faults of usual operations")
    view.add_column("operation", no_wrap=True)
    view.add_column("the n-th suffers")
    for operation, found in foreseen(plan, 1000):
        # A fault stays on one line.
        told = ", ".join(f"{nth} {fault}".replace(" ", "\N{NO-BREAK SPACE}") for nth, fault in found[:_SHOWN])
        view.add_row(f"{operation.where} {operation}", told)
    note = Text("Which order's call is the n-th is a matter of timing.", style="dim")
    return Group(Text(f"Seed {plan.seed}, {plan.spells[0].rate:.0%} faults", style="bold"), meanings, view, note)
