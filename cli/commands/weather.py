"""`weather`: mild faults that come and go while the shop is used."""

import contextlib
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from chaos.forecast import Outlook, forecast
from chaos.imposing import Imposing, in_force
from cli.session import Session, session_of
from contracts.types import rfc3339
from deployed.faults import Plan
from deployed.words import count


def register(app: typer.Typer) -> None:
    app.command()(weather)


def weather(
    context: typer.Context,
    seed: Annotated[
        int | None, typer.Option(help="Chooses the weather; by default a new one.", min=0, show_default=False)
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="End after so many minutes; by default with Ctrl-C.", min=0, show_default=False)
    ] = None,
) -> None:
    """Let mild faults come and go beside the running shop, and say so; Ctrl-C ends them.

    Needs the shop of `make run`. If this is killed, the last faults end by themselves within a minute.
    """
    shop = session_of(context)
    number = seed if seed is not None else secrets.randbelow(1_000_000)
    end = time.time() + minutes * 60 if minutes is not None else None
    with in_force(shop.stack, Plan(number, time.time())) as imposing:
        shop.hint(f"Weather of seed {number}, until {f'{minutes:g} min have passed' if end else 'Ctrl-C'}.")
        with contextlib.suppress(KeyboardInterrupt):
            for outlook in forecast(number):
                if not _lasts(shop, imposing, outlook, end):
                    break
    suffered = imposing.suffered().total()
    shop.say_line({"ended": True, "faults": suffered}, Text(f"✓ Fair again, after {count(suffered, 'fault')}."))
    shop.hint("What must hold, held: ./shop audit")


def _lasts(shop: Session, imposing: Imposing, outlook: Outlook, end: float | None) -> bool:
    """Waits for the spell, and lets it come and go. Returns false once the time is over."""
    if not _slept(outlook.calm, end):
        return False
    before, until = imposing.suffered().total(), time.time() + outlook.seconds
    imposing.impose(replace(imposing.plan, spells=(outlook.weather.spell(shop.stack.resources, until),)))
    try:
        _tell(shop, outlook, outlook.weather.name, f"for {outlook.seconds} s", style="yellow")
        return _slept(outlook.seconds, end)
    finally:
        imposing.calm()
        hit = imposing.suffered().total() - before
        _tell(shop, outlook, "over", f"after {count(hit, 'hit')}", style="green")


def _slept(seconds: float, end: float | None) -> bool:
    left = seconds if end is None else min(seconds, end - time.time())
    time.sleep(max(left, 0))
    return left == seconds


def _tell(shop: Session, outlook: Outlook, what: str, more: str, *, style: str) -> None:
    now, words = datetime.now(UTC), outlook.weather.words
    document = {"at": rfc3339(now), "weather": outlook.weather.name, "over": what == "over", "words": f"{words} {more}"}
    line = Text.assemble((f"{now.astimezone():%H:%M:%S} ", "dim"), (what, f"bold {style}"), f": {words} {more}")
    shop.say_line(document, line)
