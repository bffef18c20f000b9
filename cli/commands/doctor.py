"""`doctor`: checks before a deployment whether it would succeed."""

import logging
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from cli.format import table
from cli.session import Options, console, session_of
from deployed.doctor.check import Check, State
from deployed.meter.prices import list_prices
from deployed.stack import PROJECT

_MARKS = {State.OK: ("✓", "green"), State.WARNING: ("!", "yellow"), State.PROBLEM: ("✗", "bold red")}


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(
    context: typer.Context,
    config_env: Annotated[str, typer.Option(help="The environment in samconfig.toml.")] = "default",
    parameters: Annotated[
        str, typer.Option(help="Parameters, for example 'Kafka=msk-serverless ClickstreamMode=OFF'.")
    ] = "",
) -> None:
    """Check, before a deployment to AWS, what it needs, what it would create and what it would cost. Changes
    nothing."""
    shop = session_of(context)
    with console(stderr=True).status("Asking"):
        found, costs = _examined(shop.options, config_env, parameters)
    well = all(check.state is not State.PROBLEM for check in found)
    document = {"ok": well, "checks": [check.document() for check in found], "usd_a_month": costs}
    shop.say(document, lambda: _picture(found))
    raise typer.Exit(0 if well else 1)


def _examined(options: Options, config_env: str, parameters: str) -> tuple[list[Check], dict[str, float]]:
    # Import SAM's translator only here, because it takes a second. Its log messages concern only its authors.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    from deployed.doctor import account, machine, plan  # noqa: PLC0415

    chosen = plan.plan(PROJECT / "samconfig.toml", config_env, parameters, options.stack)

    def checks() -> Iterator[Check]:
        yield from machine.machine(PROJECT / ".venv")
        yield plan.stack_name(chosen)
        yield plan.parameters(chosen)
        yield from account.account(chosen, options.profile or chosen.profile, options.region or chosen.region)
        yield plan.creates(chosen)
        yield plan.price(costs)

    costs = plan.monthly(chosen.resources, list_prices().usd)
    return list(checks()), costs


def _picture(found: Sequence[Check]) -> RenderableType:
    view = table()
    view.show_header = False
    view.add_column(no_wrap=True)
    view.add_column(no_wrap=True)
    view.add_column()
    for check in found:
        mark, style = _MARKS[check.state]
        finding = Text(check.finding)
        view.add_row(
            Text(mark, style=style),
            check.name,
            Group(finding, Text(check.todo, style=style)) if check.todo else finding,
        )
    return Group(view, _verdict(found))


def _verdict(found: Sequence[Check]) -> Text:
    problems = sum(check.state is State.PROBLEM for check in found)
    if problems:
        return Text(f"✗ Not ready: {problems} of {len(found)} checks found a problem.", style="bold red")
    return Text.assemble(("✓ ", "green"), "Ready to deploy: sam build && sam deploy")
