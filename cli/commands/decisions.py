"""`cancel` and `review`: what people decide about an order."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.commands.options import As, RequiredOrder
from cli.pictures import order_picture
from cli.shop import shop_of


class Decision(StrEnum):
    approve = "approve"
    reject = "reject"


def register(app: typer.Typer) -> None:
    app.command()(cancel)
    app.command()(review)


def cancel(context: typer.Context, order_id: RequiredOrder, email: As = None) -> None:
    """Cancel an order, by default as an operator; money and goods go back by themselves."""
    shop = shop_of(context)
    with shop.operator(email) as door:
        cancelled = door.cancel(order_id)
    shop.say(cancelled.model_dump(mode="json"), lambda: order_picture(cancelled))


def review(
    context: typer.Context,
    order_id: RequiredOrder,
    decision: Decision,
    note: Annotated[str | None, typer.Option(help="Why, for colleagues.", show_default=False)] = None,
    email: As = None,
) -> None:
    """Decide on an order that awaits review, such as one paid by pm_review."""
    shop = shop_of(context)
    with shop.operator(email) as door:
        reviewed = door.review(order_id, decision.value, note)
    shop.say(reviewed.model_dump(mode="json"), lambda: order_picture(reviewed))
