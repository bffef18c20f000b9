"""`watch`: shows the events on the bus as they are published."""

import json
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.text import Text

from cli.commands.arguments import OnlyOrder
from cli.format import money, service
from cli.pictures import WIDE
from cli.session import session_of
from contracts.events import EVENTS
from contracts.types import Money, rfc3339
from deployed.errors import Usage
from deployed.watch import BusEvent, Filter, watching
from shopkit.printing import harmless

_TYPES = {event.__name__: event.source for event in EVENTS}
_WIDEST_TYPE = max(map(len, _TYPES))
_SERVICES = sorted({source.removeprefix("shop.") for source in _TYPES.values()})
_UNSAID = ("_id", "_at")


def register(app: typer.Typer) -> None:
    app.command()(watch)


def watch(
    context: typer.Context,
    order: OnlyOrder = None,
    source: Annotated[
        list[str] | None, typer.Option(help=f"Only this service's events (repeatable): {', '.join(_SERVICES)}.")
    ] = None,
    type_: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only events with this name (repeatable), for example OrderPlaced."),
    ] = None,
    events: Annotated[int | None, typer.Option(help="Stop after this many events.", min=1, show_default=False)] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Stop after this many seconds.", min=0, show_default=False)
    ] = None,
) -> None:
    """Watch the bus live, until Ctrl-C. With --json, one event per line.

    It creates its own queue and rule, and removes both when it ends. It shows events that are published after it has
    started.
    """
    shop = session_of(context)
    wanted = Filter(order, [_source(name) for name in source or []], [_type(name) for name in type_ or []])
    deadline, seen = (time.monotonic() + seconds if seconds is not None else None), 0
    with _stopped_cleanly(), watching(shop.stack, wanted) as found:
        shop.hint("Watching the bus; stop with Ctrl-C.")
        while (events is None or seen < events) and (deadline is None or time.monotonic() < deadline):
            for event in found.receive():
                shop.say_line(_document(event), EventPicture(event))
                seen += 1


@contextmanager
def _stopped_cleanly() -> Iterator[None]:
    """Ends cleanly on Ctrl-C, which is the usual way to stop, and also when the terminal closes or SIGTERM arrives."""

    def interrupt(_signal: int, _frame: object) -> NoReturn:
        raise KeyboardInterrupt

    # SIGINT too: in a program that a script starts in the background, it is ignored.
    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    except KeyboardInterrupt:
        return
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _source(name: str) -> str:
    """Returns the source for `order` or `shop.order`. Raises Usage."""
    if name.removeprefix("shop.") not in _SERVICES:
        raise Usage(f"No service {name!r} publishes events. The services that do are: {', '.join(_SERVICES)}.")
    return f"shop.{name.removeprefix('shop.')}"


def _type(name: str) -> str:
    if name not in _TYPES:
        raise Usage(f"There is no event {name!r}. The events are: {', '.join(sorted(_TYPES))}.")
    return name


def _document(event: BusEvent) -> dict[str, Any]:
    return {
        "at": rfc3339(event.at),
        "source": event.source,
        "type": event.type,
        "event_id": event.event_id,
        "about": event.about,
        "replayed": event.replayed,
        "data": dict(event.data),
    }


@dataclass(frozen=True)
class EventPicture:
    """An event on one line or, in a narrow terminal, on two: the details are below the name, broken between words."""

    event: BusEvent

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        event, style = self.event, service(self.event.source).style
        head = Text.assemble(
            (event.at.astimezone().isoformat(sep=" ", timespec="milliseconds").partition(" ")[2], "dim"),
            "  ",
            (f"{event.source.removeprefix('shop.'):<10}", style),
            (f"{event.type:<{_WIDEST_TYPE}}", f"bold {style}".strip()),
        )
        told = Text.assemble(
            (harmless(event.about), "cyan"),
            "  ",
            harmless(", ".join(_fields(event.data))),
            ("  (replayed)", "yellow") if event.replayed else "",
        )
        if options.max_width < WIDE:
            head.rstrip()
            yield from (head, Padding(told, (0, 0, 0, 2)))
        else:
            yield Text.assemble(head, "  ", told)


def _fields(data: Mapping[str, Any]) -> Iterator[str]:
    """Returns the details of an event except the order's id, other ids and times."""
    for name, value in data.items():
        match value:
            case None | False:
                continue
            case True:
                yield name
            case _ if name.endswith(_UNSAID):
                continue
            case {"amount": int(amount), "currency": str(currency)}:
                yield money(Money(amount=amount, currency=currency))
            case [{"sku": _}, *_]:
                yield " + ".join(f"{line['quantity']} × {line['sku']}" for line in value)
            case list() | dict():
                yield f"{name} {json.dumps(value, ensure_ascii=False)}"
            case str():
                yield value.replace("_", " ") if name == "reason" else value
            case _:
                yield f"{name} {value}"
