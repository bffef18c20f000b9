"""`replay` and `rebuild`: sending past events again."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer
from rich.text import Text

from cli.format import count, moment
from cli.session import Session, console, session_of
from deployed.bus import Archive, Rule, archive_of, rules_named, rules_of
from deployed.bus import replay as run_replay
from deployed.errors import CommandError, Usage
from deployed.rebuild import rebuild_catalogue

BEGINNING = "beginning"
_AGO = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_TIMELINE = "Order/TimelineRule"


class ReadModel(StrEnum):
    timeline = "timeline"
    catalogue = "catalogue"


def register(app: typer.Typer) -> None:
    app.command()(replay)
    app.command()(rebuild)


def replay(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="15m, 2h or 3d (ago), a time in ISO 8601, or `beginning`.")],
    until: Annotated[str | None, typer.Option(help="In the same formats; by default now.", show_default=False)] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--rule",
            metavar="RULE",
            help="Send only to this rule (repeatable). By default, to every rule that leads to a queue or a workflow.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Send past events from the archive to their consumers again.

    Each consumer recognizes events that it has seen. Nothing is charged, mailed or moved again, and checkouts of
    decided orders change nothing. Rules that lead straight to the operators' topic would send old news to people, so
    they are left out unless --rule names them. On AWS an event reaches the archive some minutes after the bus.
    """
    shop = session_of(context)
    archive, rules = archive_of(shop.stack), rules_of(shop.stack)
    begin, end = _moment(since, archive), datetime.now(UTC) if until is None else _moment(until, archive)
    if begin >= end:
        raise Usage(f"{since} is not before {until or 'now'}.")
    _must_hold(archive, end)
    chosen = rules_named(rules, only) if only else [rule for rule in rules if not rule.tells_people]
    left_out = [rule.path for rule in rules if rule not in chosen]
    shop.say(
        {
            "replay": _replayed(shop, archive, begin, end, chosen),
            "since": begin.isoformat(),
            "until": end.isoformat(),
            "archive": {"began": archive.began.isoformat(), "events": archive.events},
            "rules": [rule.path for rule in chosen],
            "left_out": left_out,
        },
        lambda: Text.assemble(
            ("✓ ", "green"),
            f"{_which(archive, begin, end)} were sent again to {count(len(chosen), 'rule')}.",
        ),
    )
    shop.hint(_held(archive))
    if left_out:
        shop.hint(f"Left out: {', '.join(left_out)}")


def rebuild(
    context: typer.Context,
    model: Annotated[ReadModel, typer.Argument(help="The read model.")],
    patience: Annotated[float, typer.Option(help="Wait at most this many seconds for the catalogue.", min=0)] = 120,
) -> None:
    """Rebuild a read model: the orders' timeline from the archive, or their catalogue from the inventory.

    Events that are in the timeline but no longer in the archive stay. Events that the timeline lost come back.
    """
    shop = session_of(context)
    if model is ReadModel.catalogue:
        with console(stderr=True).status("Rebuilding the catalogue") as status:
            rebuilt = rebuild_catalogue(
                shop.stack, patience=patience, progress=lambda what: status.update(f"Rebuilding the catalogue: {what}")
            )
        told = f"{count(rebuilt.repeated, 'product')} republished"
        told += f"; wrong entries replaced: {', '.join(rebuilt.removed)}" if rebuilt.removed else ""
        shop.say(
            {"products": rebuilt.repeated, "replaced": list(rebuilt.removed)},
            lambda: Text.assemble(("✓ ", "green"), told),
        )
        if rebuilt.unreadable:
            shop.hint(f"Left out, because their rows in the inventory cannot be read: {', '.join(rebuilt.unreadable)}")
        return
    archive = archive_of(shop.stack)
    _must_hold(archive, datetime.now(UTC))
    rules = rules_named(rules_of(shop.stack), [_timeline_rule(shop)])
    name = _replayed(shop, archive, archive.began, datetime.now(UTC), rules)
    shop.say(
        {"replay": name, "since": archive.began.isoformat(), "events": archive.events},
        lambda: Text.assemble(
            ("✓ ", "green"), f"{_which(archive, archive.began, datetime.now(UTC))} were sent to the timeline again."
        ),
    )


def _timeline_rule(shop: Session) -> str:
    """Returns the rule that leads to the timeline. Raises CommandError if the stack has none."""
    return shop.stack.resources[_TIMELINE].rpartition("|")[2]


def _replayed(shop: Session, archive: Archive, since: datetime, until: datetime, rules: list[Rule]) -> str:
    with console(stderr=True).status("Replaying") as status:
        return run_replay(
            shop.stack,
            archive,
            since=since,
            until=until,
            rules=rules,
            progress=lambda what: status.update(f"Replaying: {what}"),
        )


def _must_hold(archive: Archive, until: datetime) -> None:
    """Checks the period. Raises CommandError if nothing would be sent."""
    if until <= archive.began:
        raise CommandError(f"There is nothing to replay before {moment(until)}. {_held(archive)}")


def _which(archive: Archive, since: datetime, until: datetime) -> str:
    return f"The events from {moment(max(since, archive.began))} to {moment(until)}"


def _held(archive: Archive) -> str:
    return f"The archive begins at {moment(archive.began)} and holds {count(archive.events, 'event')}."


def _moment(text: str, archive: Archive) -> datetime:
    if text == BEGINNING:
        return archive.began
    try:
        if ago := _AGO.fullmatch(text):
            return datetime.now(UTC) - timedelta(**{_UNITS[ago["unit"]]: int(ago["number"])})
        return datetime.fromisoformat(text).astimezone(UTC)  # without a zone, in this machine's time zone
    except (ValueError, OverflowError):  # OverflowError for a time before the year 1
        raise Usage(f"{text!r} is not a time. Use 15m, 2h or 3d (ago), 2026-01-31T12:00Z, or {BEGINNING}.") from None
