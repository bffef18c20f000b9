"""`audit`: whether all that must hold does hold."""

from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from cli.audit import PATIENCE_SECONDS, run_audit
from cli.audit.result import CheckResult
from cli.format import table
from cli.shop import console, shop_of

_FAULTS_SHOWN = 10


def register(app: typer.Typer) -> None:
    app.command()(audit)


def audit(
    context: typer.Context,
    patience: Annotated[
        float, typer.Option("--wait", help="Seconds to wait at most until the stack is quiet.", min=0)
    ] = PATIENCE_SECONDS,
    expect_dead: Annotated[
        list[str] | None,
        typer.Option(
            help="The id of a message that may be a dead letter, or of an event in it (repeatable).", show_default=False
        ),
    ] = None,
) -> None:
    """Check stock, money, orders, events, queues, notifications and replicas; fail if one is wrong."""
    shop = shop_of(context)
    with console(stderr=True).status("Reading") as status:
        results = run_audit(
            shop.stack,
            patience=patience,
            expect_dead=expect_dead or (),
            progress=lambda what: status.update(Text(f"Waiting until it is quiet. {what[:100]}")),
        )
    holds = all(result.ok for result in results)
    shop.say({"ok": holds, "checks": [result.document() for result in results]}, lambda: _picture(results))
    raise typer.Exit(0 if holds else 1)


def _picture(results: list[CheckResult]) -> RenderableType:
    checks = table()
    checks.show_header = False
    for result in results:
        mark = Text("✓", style="green") if result.ok else Text("✗", style="bold red")
        checks.add_row(mark, str(result.number), result.name, _details(result))
    return checks


def _details(result: CheckResult) -> RenderableType:
    faults = [Text(fault, style="red") for fault in result.faults[:_FAULTS_SHOWN]]
    if len(result.faults) > _FAULTS_SHOWN:
        faults.append(Text(f"… and {len(result.faults) - _FAULTS_SHOWN:,} more (--json shows all)", style="dim"))
    return Group(Text(result.figures), *faults)
