"""`permissions`: what each role may do, and why."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from cli.format import count, table
from cli.session import console, session_of
from deployed.errors import Usage
from deployed.permissions.grants import MANAGED
from deployed.permissions.reasons import CALL, reasons
from deployed.permissions.standing import Report, Standing, standing_of

_NOT_RECORDED = "–"
_REASON_WIDTH = 16  # leaves room at 80 columns for the longest names that are common
_WORDS = {CALL: "own call", None: "nothing"}


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
    shop.say(document, lambda: _picture(report, chosen, by_role=role is None, only_unused=unused))
    raise typer.Exit(0 if report.ok else 1)


def _is_of(standing: Standing, role: str | None) -> bool:
    """A role may be named without the ending that SAM gives it."""
    return role is None or standing.grant.role in (role, f"{role}Role")


def _picture(report: Report, chosen: Sequence[Standing], *, by_role: bool, only_unused: bool) -> RenderableType:
    parts: list[RenderableType] = []
    if not only_unused:
        parts += [_by_role(chosen, report)] if by_role else [_each(chosen, report), *_notes(chosen)]
    parts += [Text(f"✗ nothing needs {one.grant}", style="red") for one in chosen if one.why is None]
    parts += [Text(f"✗ denied {count(number, 'time')}: {use}", style="red") for use, number in report.denied]
    return Group(*parts, _verdict(report))


def _by_role(chosen: Sequence[Standing], report: Report) -> RenderableType:
    view = table()
    view.add_column("role", style="cyan", no_wrap=True)
    for name in ("may do", "own calls", "AWS needs", "unused", "used here"):
        view.add_column(name, justify="right", no_wrap=True)
    for role in sorted({one.grant.role for one in chosen}):
        own = [one for one in chosen if one.grant.role == role]
        calls, unused = (sum(one.why == why for one in own) for why in (CALL, None))
        numbers = (len(own), calls, len(own) - calls - unused)
        used = _used(sum(one.used for one in own), report)
        view.add_row(role, *map(str, numbers), Text(str(unused), style="bold red" if unused else ""), used)
    return view


def _each(chosen: Sequence[Standing], report: Report) -> RenderableType:
    view = table()
    view.add_column("may", style="cyan", overflow="fold")
    view.add_column("on", overflow="fold")
    view.add_column("because", max_width=_REASON_WIDTH)
    view.add_column("used", justify="right", no_wrap=True)
    for one in chosen:
        because = Text(_WORDS.get(one.why, one.why or ""), style="" if one.why else "bold red")
        view.add_row(one.grant.action.removeprefix(MANAGED), one.grant.resource, because, _used(one.used, report))
    return view


def _notes(chosen: Sequence[Standing]) -> Iterator[Text]:
    """Explains each integration, pattern and condition once."""
    given = reasons()
    for kind in dict.fromkeys(one.why for one in chosen if one.why and one.why != CALL):
        yield _note(kind, given.integrations[kind].source)
    for grant in (one.grant for one in chosen):
        about = f"{grant.action.removeprefix(MANAGED)} on {grant.resource}"
        if wildcard := given.wildcard(grant):
            yield _note(about, wildcard.reason)
        if grant.condition:
            yield _note(about, f"Only if {grant.condition}.")


def _note(about: str, text: str) -> Text:
    return Text.assemble((f"{about}: ", "bold"), text)


def _used(number: int, report: Report) -> str:
    return f"{number:,}" if report.recorded else _NOT_RECORDED


def _verdict(report: Report) -> Text:
    roles = len({one.grant.role for one in report.standings})
    calls = sum(one.why == CALL for one in report.standings)
    needs = len(report.standings) - calls - len(report.unused)
    said = (
        f"{count(roles, 'role')}, {count(len(report.standings), 'permission')}: {calls} for own calls, {needs} that "
        f"AWS needs, {len(report.unused)} unused. Denied: {len(report.denied)}."
    )
    if not report.recorded:
        said += " Uses are recorded on the embedded AWS only."
    return Text.assemble(("✓ ", "green") if report.ok else ("✗ ", "bold red"), said)
