"""`order`, `orders`, `show`, `story`: placing orders, and what happened to them."""

import re
import time
import uuid
from typing import Annotated

import typer
from rich.console import Group

from cli.checkout_pictures import checkouts_document, cost_document, cost_picture, steps_picture
from cli.commands.arguments import As, OrderOrNewest
from cli.pictures import OrdersPicture, StoryPicture, order_picture
from cli.session import console, session_of
from contracts.orders_stream import OrderStatus
from contracts.types import Goods
from deployed.checkouts import checkouts_of
from deployed.cost import estimate, list_prices
from deployed.errors import CommandError, Usage
from deployed.front_door import FrontDoor, Order

_LINE = re.compile(r"(?P<sku>[^:]+)(?::(?P<quantity>[0-9]{1,9}))?")
ADDRESS = {
    "name": "A Customer",
    "line1": "1 Example Street",
    "city": "Springfield",
    "region": "IL",
    "postal_code": "62701",
    "country": "US",
}


def register(app: typer.Typer) -> None:
    app.command()(order)
    app.command()(orders)
    app.command()(show)
    app.command()(story)


def order(  # noqa: PLR0913, PLR0917 - one parameter per option
    context: typer.Context,
    goods: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SKU[:QTY]", help="The products to buy; by default the first one in stock.", show_default=False
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            help="pm_visa, or another of the gateway's test cards: pm_declined, pm_insufficient_funds, pm_review, "
            "pm_timeout, pm_flaky, pm_capture_fails, pm_settle_fails."
        ),
    ] = "pm_visa",
    wait: Annotated[bool, typer.Option("--wait", help="Wait until checkout has decided.")] = False,
    patience: Annotated[float, typer.Option(help="Wait at most this many seconds.", min=0)] = 60,
    key: Annotated[
        str | None, typer.Option(help="The idempotency key; by default a new one.", show_default=False)
    ] = None,
    email: As = None,
) -> None:
    """Place an order, by default as the first customer."""
    shop = session_of(context)
    lines = [_line(text) for text in goods or []]
    with shop.customer(email) as door:
        placed, replayed = door.place(
            lines or [_first_in_stock(door)],
            payment_method=method,
            shipping_address=ADDRESS,
            key=str(uuid.uuid4()) if key is None else key,
        )
        found = _decided(door, placed.order_id, patience) if wait else placed
    shop.say({**found.model_dump(mode="json"), "replayed": replayed}, lambda: order_picture(found))
    if replayed:
        shop.hint("This key had already placed this order, so nothing was ordered twice.")
    if found.status is OrderStatus.AWAITING_REVIEW:
        shop.hint(f"An operator decides: ./shop review {found.order_id} approve, or reject")
    shop.hint(f"Its story: ./shop story {found.order_id}")


def orders(
    context: typer.Context,
    limit: Annotated[int, typer.Option(help="Show at most this many.", min=1)] = 20,
    everyone: Annotated[bool, typer.Option("--all", help="List all customers' orders, as an operator.")] = False,
    email: As = None,
) -> None:
    """List the newest orders, by default the first customer's."""
    shop = session_of(context)
    with shop.operator(email) if everyone else shop.customer(email) as door:
        found = door.orders(limit)
    shop.say([one.model_dump(mode="json") for one in found], lambda: OrdersPicture(found))


def show(context: typer.Context, order_id: OrderOrNewest = None, email: As = None) -> None:
    """Show one order, by default as an operator."""
    shop = session_of(context)
    with shop.operator(email) as door:
        found = order_or_newest(door, order_id)
    shop.say(found.model_dump(mode="json"), lambda: order_picture(found))


def story(context: typer.Context, order_id: OrderOrNewest = None, email: As = None) -> None:
    """Show what happened to an order: every event with its service, its time and the time since the event before; the
    steps of its checkout with their retries, if they are recorded; and an estimate of what it cost."""
    shop = session_of(context)
    with shop.operator(email) as door:
        found = order_or_newest(door, order_id)
        events = door.timeline(found.order_id)
    checkouts = checkouts_of(shop.stack, found.order_id, events)
    cost = estimate(found, events, checkouts, list_prices())
    shop.say(
        {
            "order_id": found.order_id,
            "status": found.status,
            "events": [event.model_dump(mode="json") for event in events],
            "checkouts": checkouts_document(checkouts),
            "cost_estimate": cost_document(cost),
        },
        lambda: Group(StoryPicture(found, events), *steps_picture(checkouts, events, found), cost_picture(cost)),
    )


def _line(text: str) -> Goods:
    matched = _LINE.fullmatch(text)
    quantity = int(matched["quantity"] or 1) if matched else 0
    if not matched or quantity < 1:
        raise Usage(f"{text!r} is not SKU or SKU:QUANTITY, for example MUG-STONE-350:2.")
    return Goods(sku=matched["sku"], quantity=quantity)


def _first_in_stock(door: FrontDoor) -> Goods:
    for product in door.products():
        if product.available:
            return Goods(sku=product.sku, quantity=1)
    raise CommandError("Nothing is in stock; add products: ./shop seed")


def order_or_newest(door: FrontDoor, order_id: str | None) -> Order:
    """Raises Refused if there is no such order, CommandError if there are none at all."""
    if order_id:
        return door.order(order_id)
    newest = door.orders(1)
    if not newest:
        raise CommandError("There are no orders yet; place one: ./shop order --wait")
    return newest[0]


def _decided(door: FrontDoor, order_id: str, patience: float) -> Order:
    """Returns the order once it is no longer PLACED. Raises CommandError if that takes too long."""
    began = time.monotonic()
    with console(stderr=True).status("Checking out") as progress:
        while (found := door.order(order_id)).status is OrderStatus.PLACED:
            waited = time.monotonic() - began
            if waited > patience:
                raise CommandError(f"{order_id} is still PLACED after {patience:g} s; see: ./shop story {order_id}")
            progress.update(f"Checking out: {waited:.1f} s")
            time.sleep(0.1)
    return found
