"""`products`: what the shop sells."""

import typer
from rich.console import RenderableType
from rich.text import Text

from cli.format import money, table
from cli.session import session_of
from deployed.front_door import Product


def register(app: typer.Typer) -> None:
    app.command()(products)


def products(context: typer.Context) -> None:
    """List what the shop sells, and how much of it is in stock."""
    shop = session_of(context)
    with shop.anyone() as door:
        found = door.products()
    shop.say([product.model_dump(mode="json") for product in found], lambda: _shelf(found))


def _shelf(found: list[Product]) -> RenderableType:
    if not found:
        return "The shop has no products; add some: ./shop seed"
    shelf = table()
    shelf.add_column("sku", no_wrap=True, style="cyan")
    shelf.add_column("product")
    shelf.add_column("price", justify="right")
    shelf.add_column("available", justify="right")
    for product in found:
        left = Text(str(product.available), style="red" if product.available == 0 else "")
        shelf.add_row(product.sku, product.name, money(product.price), left)
    return shelf
