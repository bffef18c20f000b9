"""`products` and `trending`: what the shop has, and what people look at."""

from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from cli.client import Product, Trend
from cli.format import money, table
from cli.shop import shop_of


def register(app: typer.Typer) -> None:
    app.command()(products)
    app.command()(trending)


def products(context: typer.Context) -> None:
    """List what the shop sells, and how much of it there is."""
    shop = shop_of(context)
    with shop.anyone() as door:
        found = door.products()
    shop.say([product.model_dump(mode="json") for product in found], lambda: _shelf(found))


def trending(
    context: typer.Context,
    minutes: Annotated[int | None, typer.Option(min=1, help="How far back; by default the service decides.")] = None,
) -> None:
    """Show what people view, put into carts and buy."""
    shop = shop_of(context)
    with shop.anyone() as door:
        found = door.trending(minutes)
    shop.say([trend.model_dump(mode="json") for trend in found], lambda: _ranking(found))


def _shelf(found: list[Product]) -> RenderableType:
    if not found:
        return "The shop is empty; fill it: shop seed"
    shelf = table()
    shelf.add_column("sku", no_wrap=True, style="cyan")
    shelf.add_column("product")
    shelf.add_column("price", justify="right")
    shelf.add_column("available", justify="right")
    for product in found:
        left = Text(str(product.available), style="red" if product.available == 0 else "")
        shelf.add_row(product.sku, product.name, money(product.price), left)
    return shelf


def _ranking(found: list[Trend]) -> RenderableType:
    if not found:
        return "Nobody has looked at anything lately."
    ranking = table()
    ranking.add_column("sku", no_wrap=True, style="cyan")
    for heading in ("views", "carts", "purchases", "conversion"):
        ranking.add_column(heading, justify="right")
    for trend in found:
        conversion = "–" if trend.conversion is None else f"{trend.conversion:.0%}"
        ranking.add_row(trend.sku, str(trend.views), str(trend.carts), str(trend.purchases), conversion)
    return ranking
