"""`dlq ls|show|redrive|drop`: messages that could not be delivered or understood, in every queue and bucket of the
stack."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any

import typer
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from cli.commands.arguments import OnlyOrder
from cli.format import ago, count, moment, table
from cli.pictures import WIDE
from cli.session import console, session_of
from deployed.dead_letters.causes import logged_cause
from deployed.dead_letters.letters import Letter, Summary, summary_of
from deployed.dead_letters.places import Place, place_named, places_of
from deployed.dead_letters.redrive import Redriven, redrive
from deployed.errors import CommandError, Usage

# At most so many are read to find the oldest, because reading hides a message from other readers for a moment.
_LOOKED_AT = 100
# For at most so many letters, because each needs a search in the logs.
_CAUSES = 20

PlaceName = Annotated[
    str, typer.Argument(metavar="PLACE", help="The place as listed by `./shop dlq ls`, or the last part of its name.")
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Dead letters: messages that could not be delivered or understood.", no_args_is_help=True)
    group.command("ls")(list_places)
    group.command("show")(show_letters)
    group.command("redrive")(redrive_letters)
    group.command("drop")(drop_letter)
    app.add_typer(group, name="dlq")


@dataclass(frozen=True)
class _Contents:
    place: Place
    depth: int
    oldest: datetime | None

    def document(self) -> dict[str, Any]:
        return {
            "place": self.place.path,
            "count": self.depth,
            "oldest": self.oldest.isoformat() if self.oldest else None,
            "goes_back_to": str(self.place.destination) if self.place.destination else None,
        }


def list_places(context: typer.Context) -> None:
    """List every place where messages are set aside: how many, since when, and where they belong."""
    shop = session_of(context)
    with console(stderr=True).status("Looking"):
        found = [contents_of(place) for place in places_of(shop.stack)]
    shop.say([one.document() for one in found], lambda: PlacesPicture(found))
    if any(one.depth for one in found):
        shop.hint("To read them: ./shop dlq show PLACE. To send them back: ./shop dlq redrive PLACE, or --all")


def show_letters(
    context: typer.Context,
    name: PlaceName,
    limit: Annotated[int, typer.Option(help="Show at most this many.", min=1)] = 50,
) -> None:
    """Show the messages in one place: each event, its order, what went wrong as far as is known, and what to do."""
    shop = session_of(context)
    with console(stderr=True).status("Reading"):
        place = place_named(places_of(shop.stack), name)
        with closing(place.letters()) as letters:
            read = list(islice(letters, limit))
        told = [(letter, summary_of(letter)) for letter in read]
        told = [
            (
                letter,
                replace(summary, error=logged_cause(shop.stack, place, letter) if not summary.error else summary.error),
            )
            for letter, summary in told[:_CAUSES]
        ] + told[_CAUSES:]
    shop.say([_letter_document(*one) for one in told], lambda: _letters_picture(place, told))


def redrive_letters(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="PLACE", help="The place as listed by `./shop dlq ls`.", show_default=False)
    ] = None,
    everywhere: Annotated[bool, typer.Option("--all", help="Every place.")] = False,
    order: OnlyOrder = None,
) -> None:
    """Send messages back to where they belong. Doing it twice is safe: nothing is charged, mailed or sold again."""
    shop = session_of(context)
    if (name is None) != everywhere:
        raise Usage("Name a place, or give --all.")
    with console(stderr=True).status("Redriving") as status:
        found = places_of(shop.stack)
        done = [
            outcome
            for place in (found if name is None else [place_named(found, name)])
            for outcome in redrive(place, order=order, progress=lambda one: status.update(Text(_line(one))))
        ]
    failed = [outcome for outcome in done if outcome.problem]
    shop.say(
        {"redriven": len(done) - len(failed), "letters": [_outcome_document(outcome) for outcome in done]},
        lambda: _outcomes_picture(done),
    )
    raise typer.Exit(1 if failed else 0)


def drop_letter(
    context: typer.Context,
    name: PlaceName,
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="The message's id, as shown by `./shop dlq show`.")],
) -> None:
    """Delete one message for good, for example one that can never be processed."""
    shop = session_of(context)
    place = place_named(places_of(shop.stack), name)
    with closing(place.letters()) as letters:
        for letter in letters:
            if letter.id == letter_id:
                place.remove(letter)
                shop.say({"place": place.path, "dropped": letter.id}, lambda: Text(f"✓ {letter_id} is deleted"))
                return
    raise CommandError(f"{place.path} has no letter {letter_id}.")


def contents_of(place: Place) -> _Contents:
    depth = place.depth()
    if not depth:
        return _Contents(place, 0, None)
    with closing(place.letters()) as letters:
        oldest = min((letter.since for letter in islice(letters, _LOOKED_AT)), default=None)
    return _Contents(place, depth, oldest)


@dataclass(frozen=True)
class PlacesPicture:
    """Narrow terminals show the destination below the place, so that names are not cut."""

    found: Sequence[_Contents]

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.max_width >= WIDE
        listed = table()
        listed.add_column("place", no_wrap=True)
        listed.add_column("count", justify="right")
        listed.add_column("oldest", no_wrap=True)
        if wide:
            listed.add_column("goes back to", overflow="fold")
        for one in self.found:
            home = str(one.place.destination or "unknown")
            below = [] if wide else [f"\n  → {name}" for name in home.split(", ")]
            listed.add_row(
                "".join((one.place.path, *below)),
                Text(f"{one.depth:,}", style="bold red" if one.depth else "green"),
                ago(datetime.now(UTC) - one.oldest) if one.oldest else "",
                *([home] if wide else []),
                style=None if one.depth else "dim",
            )
        yield listed


def _letters_picture(place: Place, told: list[tuple[Letter, Summary]]) -> RenderableType:
    if not told:
        return f"There is nothing in {place.path}."
    return Group(*(_letter_picture(letter, summary) for letter, summary in told))


def _letter_picture(letter: Letter, summary: Summary) -> RenderableType:
    lines = [
        Text.assemble((summary.type, "bold"), "  ", (" ".join(summary.orders), "cyan")),
        Text(f"  {letter.id}, since {moment(letter.since)}", style="dim"),
    ]
    if summary.error:
        lines.append(Text(f"  {summary.error}", style="red"))
    if summary.hint:
        lines.append(Text(f"  → {summary.hint}"))
    return Group(*lines)


def _outcomes_picture(done: list[Redriven]) -> RenderableType:
    if not done:
        return "There was nothing to redrive."
    failed = [outcome for outcome in done if outcome.problem]
    lines = [Text(_line(outcome), style="red") for outcome in failed]
    if len(failed) < len(done):
        places = len({outcome.place for outcome in done if not outcome.problem})
        told = f"{count(len(done) - len(failed), 'letter')} from {count(places, 'place')} went back"
        lines.append(Text.assemble(("✓ ", "green"), told))
    return Group(*lines)


def _line(outcome: Redriven) -> str:
    about = " ".join((outcome.summary.type, *outcome.summary.orders))
    if outcome.problem:
        return f"✗ {outcome.place}: {about} stays: {outcome.problem}"
    return f"✓ {outcome.place}: {about}"


def _letter_document(letter: Letter, summary: Summary) -> dict[str, Any]:
    return {
        "id": letter.id,
        "since": letter.since.isoformat(),
        "type": summary.type,
        "orders": list(summary.orders),
        "error": summary.error,
        "hint": summary.hint,
        "body": letter.body,
    }


def _outcome_document(outcome: Redriven) -> dict[str, Any]:
    return {
        "place": outcome.place,
        "id": outcome.letter.id,
        "type": outcome.summary.type,
        "orders": list(outcome.summary.orders),
        "problem": outcome.problem,
    }
