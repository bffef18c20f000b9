"""`cancel`, `review`, `settle`: a person's decisions about an order."""

import time
from enum import StrEnum
from typing import Annotated

import typer

from cli.commands.arguments import As, OrderId
from cli.pictures import order_picture
from cli.session import console, session_of
from deployed.errors import CommandError
from deployed.front_door import FrontDoor, Order
from deployed.settlement import settle_again

_POLL_SECONDS = 0.3


class Decision(StrEnum):
    approve = "approve"
    reject = "reject"


def register(app: typer.Typer) -> None:
    app.command()(cancel)
    app.command()(review)
    app.command()(settle)


def cancel(context: typer.Context, order_id: OrderId, email: As = None) -> None:
    """Cancel an order, by default as an operator. Money and goods are given back."""
    shop = session_of(context)
    with shop.operator(email) as door:
        found = door.cancel(order_id)
    shop.say(found.model_dump(mode="json"), lambda: order_picture(found))


def review(
    context: typer.Context,
    order_id: OrderId,
    decision: Annotated[Decision, typer.Argument(help="The decision.")],
    note: Annotated[str | None, typer.Option(help="The reason, for the record.", show_default=False)] = None,
    email: As = None,
) -> None:
    """Decide on an order that is held for review, as an operator."""
    shop = session_of(context)
    with shop.operator(email) as door:
        found = door.review(order_id, decision.value, note)
    shop.say(found.model_dump(mode="json"), lambda: order_picture(found))


def settle(
    context: typer.Context,
    order_id: OrderId,
    patience: Annotated[float, typer.Option(help="Wait at most this many seconds once it is sent.", min=0)] = 180,
) -> None:
    """Retry giving back a closed order's money after it failed, and wait until the order needs no attention."""
    shop = session_of(context)
    with shop.operator() as door:
        before = door.order(order_id)  # reports an unknown order before anything is sent
        with console(stderr=True).status("Waiting for the queue's own last attempt"):
            source = settle_again(shop.stack, order_id)
        shop.hint(f"Settling again, from {source}.")
        found = _settled(door, order_id, patience)
    shop.say(found.model_dump(mode="json"), lambda: order_picture(found))
    if before.attention is None:
        shop.hint(
            f"The order needed no attention: its money was given back, or is about to be. See: ./shop story {order_id}"
        )


def _settled(door: FrontDoor, order_id: str, patience: float) -> Order:
    deadline = time.monotonic() + patience
    with console(stderr=True).status("Settling"):
        while (found := door.order(order_id)).attention is not None:
            if time.monotonic() > deadline:
                raise CommandError(f"{order_id} still needs attention: the gateway may still refuse. Try again later.")
            time.sleep(_POLL_SECONDS)
    return found
