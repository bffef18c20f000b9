"""`permissions`: what each role may do, and why."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from cli.format import count, table
from cli.session import console, session_of
from deployed.errors import Usage
from deployed.permissions.reasons import CALL, reasons
from deployed.permissions.standing import Report, Standing, standing_of

_NOT_RECORDED = "–"


def register(app: typer.Typer) -> None:
    app.command()(permissions)


def permissions(
    context: typer.Context,
    role: Annotated[
        str | None, typer.Option(help="Show each permission of this role, for example Order/Relay.", show_default=False)
    ] = None,
    unused: Annotated[bool, typer.Option("--unused", help="Show only permissions that nothing needs.")] = False,
) -> None:
    """Show what each role may do, why, and how often it did; fail if one may do what nothing needs, or was denied what
    it needed."""
    shop = session_of(context)
    shop.must_stand()
    with console(stderr=True).status("Reading roles"):
        report = standing_of(shop.stack)
    chosen = [one for one in report.standings if _is_of(one, role) and (one.why is None or not unused)]
    if role is not None and not any(_is_of(one, role) for one in report.standings):
        raise Usage(f"There is no role {role}. `./shop permissions` lists the roles.")
    document = {
        "ok": report.ok,
        "permissions": [one.document() for one in chosen],
        "denied": [
            {"role": use.role, "action": use.action, "resource": use.resource, "times": number}
            for use, number in report.denied
        ],
    }
    shop.say(document, lambda: _picture(report, chosen, in_full=role is not None or unused))
    raise typer.Exit(0 if report.ok else 1)


def _is_of(standing: Standing, role: str | None) -> bool:
    """A role may be named without the ending that SAM gives it."""
    return role is None or standing.grant.role in (role, f"{role}Role")


def _picture(report: Report, chosen: Sequence[Standing], *, in_full: bool) -> RenderableType:
    parts: list[RenderableType] = [_each(chosen, report) if in_full else _by_role(chosen, report)]
    if not in_full:
        parts = [*parts, *_found(report.unused)]
    for use, number in report.denied:
        parts.append(Text(f"✗ denied {count(number, 'time')}: {use}", style="red"))
    return Group(*parts, _verdict(report))


def _by_role(chosen: Sequence[Standing], report: Report) -> RenderableType:
    view = table()
    view.add_column("role", style="cyan", no_wrap=True)
    for name in ("may do", "own calls", "AWS needs", "unused", "used here"):
        view.add_column(name, justify="right")
    for role in sorted({one.grant.role for one in chosen}):
        own = [one for one in chosen if one.grant.role == role]
        calls, unused = (sum(one.why == why for one in own) for why in (CALL, None))
        used = f"{sum(one.used for one in own):,}" if report.recorded else _NOT_RECORDED
        numbers = (len(own), calls, len(own) - calls - unused)
        view.add_row(role, *map(str, numbers), Text(str(unused), style="bold red" if unused else ""), used)
    return view


def _each(chosen: Sequence[Standing], report: Report) -> RenderableType:
    if not chosen:
        return Text("There is no permission that nothing needs.")
    view, given = table(), reasons()
    view.add_column("may", style="cyan", overflow="fold", ratio=3)
    view.add_column("on", overflow="fold", ratio=3)
    view.add_column("because", ratio=4)
    view.add_column("used", justify="right", no_wrap=True)
    for one in chosen:
        wildcard = given.wildcard(one.grant)
        why = Text(one.why or "nothing needs it", style="" if one.why else "bold red")
        if one.why and one.why != CALL:
            why.append(f"\n{given.integrations[one.why].source}", style="dim")
        if wildcard:
            why.append(f"\n{wildcard.reason}", style="dim")
        if one.grant.condition:
            why.append(f"\nonly if {one.grant.condition}", style="dim")
        view.add_row(one.grant.action, one.grant.resource, why, f"{one.used:,}" if report.recorded else _NOT_RECORDED)
    return view


def _found(unused: Sequence[Standing]) -> list[Text]:
    return [Text(f"✗ nothing needs {one.grant}", style="red") for one in unused]


def _verdict(report: Report) -> Text:
    roles, calls = (
        len({one.grant.role for one in report.standings}),
        sum(one.why == CALL for one in report.standings),
    )
    needs = len(report.standings) - calls - len(report.unused)
    said = (
        f"{count(roles, 'role')}, {count(len(report.standings), 'permission')}: {calls} for own calls, {needs} that "
        f"AWS needs, {len(report.unused)} unused. Denied: {len(report.denied)}."
    )
    if not report.recorded:
        said += " Uses are recorded on the embedded AWS only."
    return Text.assemble(("✓ ", "green") if report.ok else ("✗ ", "bold red"), said)
