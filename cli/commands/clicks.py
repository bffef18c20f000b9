"""`clicks` and `trending`: simulated visitors, and what people look at."""

import secrets
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import count
from typing import Annotated

import typer
from rich.text import Text

from cli.commands.orders import ADDRESS
from cli.format import count as counted
from cli.pictures import TrendingPicture
from cli.session import console, session_of
from contracts.types import Goods
from deployed import browsing
from deployed.browsing import Click, Session
from deployed.errors import CommandError, Refused
from deployed.front_door import FrontDoor

_ATTEMPTS = 5
# A client that gets no response sends its clicks again. Here, the first of every so many requests is sent again.
_LOST_ANSWER = 10
_TRY_LATER = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}


def register(app: typer.Typer) -> None:
    app.command()(clicks)
    app.command()(trending)


def clicks(
    context: typer.Context,
    sessions: Annotated[int, typer.Option(help="Number of visits.", min=1, max=100_000)] = 100,
    seed: Annotated[
        int | None,
        typer.Option(
            help="Chooses the visits: the same seed sends the same clicks, and they count once.",
            min=0,
            show_default=False,
        ),
    ] = None,
    orders: Annotated[bool, typer.Option("--orders", help="Also place the orders of visitors who buy.")] = False,
) -> None:
    """Send visitors who look around: views, carts and checkouts of the last 50 minutes.

    One request in ten is sent twice, as if its response had been lost. No click counts twice.
    """
    shop = session_of(context)
    number = seed if seed is not None else secrets.randbelow(1_000_000)
    with shop.anyone() as door:
        skus = [product.sku for product in door.products()]
        if not skus:
            raise CommandError("The shop has no products; add some: ./shop seed")
        visits = browsing.sessions(sessions, number, skus, datetime.now(UTC))
        repeated = _send(door, list(browsing.requests(visits)))
    ordered = 0
    if orders:
        with shop.customer() as door:
            ordered = sum(_order(door, visit) for visit in visits if visit.bought)
    kinds = Counter(click.type for visit in visits for click in visit.clicks)
    document = {
        "seed": number,
        "sessions": sessions,
        "clicks": kinds.total(),
        "views": kinds["view"],
        "carts": kinds["add_to_cart"],
        "checkouts": kinds["checkout"],
        "orders": ordered,
        "sent_again": repeated,
    }
    shop.say(document, lambda: _sentence(document))
    shop.hint(f"Send the same clicks again, and none counts twice: ./shop clicks --sessions {sessions} --seed {number}")


def trending(
    context: typer.Context,
    minutes: Annotated[
        int | None, typer.Option(min=1, help="Length of the period in minutes; by default the service decides.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Show at most this many products.")] = 20,
) -> None:
    """Show what people view, put in carts and buy."""
    shop = session_of(context)
    with shop.anyone() as door:
        found = door.trending(minutes)[:top]
    shop.say([trend.model_dump(mode="json") for trend in found], lambda: TrendingPicture(found))


def _send(door: FrontDoor, batches: Sequence[list[Click]]) -> int:
    """Sends every batch, some of them twice. Returns how many clicks were sent twice on purpose."""
    repeated = 0
    with console(stderr=True).status("Looking around") as progress:
        for done, batch in enumerate(batches):
            _post(door, batch)
            if done % _LOST_ANSWER == 0:
                _post(door, batch)
                repeated += len(batch)
            progress.update(Text(f"Looking around: {done + 1} of {len(batches)} requests"))
    return repeated


def _post(door: FrontDoor, batch: Sequence[Click]) -> None:
    """Sends the whole batch again while the stream is busy. This is safe because each click has an id."""
    for attempt in count(1):
        try:
            door.collect([click.document() for click in batch])
        except Refused as error:
            if error.status not in _TRY_LATER or attempt == _ATTEMPTS:
                raise
            time.sleep(0.1 * 2**attempt)
        else:
            return


def _order(door: FrontDoor, visit: Session) -> bool:
    """Whether this visit's order exists: placed now, or by the same visit in an earlier run."""
    lines = [Goods(sku=sku, quantity=1) for sku in visit.bought]
    try:
        door.place(lines, payment_method="pm_visa", shipping_address=ADDRESS, key=visit.id)
    except Refused as error:
        # The same visit bought something else when other products were for sale, or a product no longer exists.
        if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        return False
    return True


def _sentence(sent: dict[str, int]) -> Text:
    nouns = {"views": "view", "carts": "cart", "checkouts": "checkout", "orders": "order"}
    parts = ", ".join(counted(sent[kind], noun) for kind, noun in nouns.items() if sent[kind])
    told = f"{counted(sent['sessions'], 'session')} with {counted(sent['clicks'], 'click')}: {parts}"
    again = f"; {counted(sent['sent_again'], 'click')} sent twice on purpose"
    return Text.assemble(("✓ ", "green"), told, (again, "dim"))
