"""Arguments that several commands take."""

import re
from typing import Annotated

import typer

from deployed.errors import Usage

_ORDER_ID = re.compile(r"[A-Za-z0-9_-]+")


def _order_id(text: str | None) -> str | None:
    """Returns the id. Raises Usage for text that cannot be an id. For example, an empty variable in a script must not
    mean "the newest order"."""
    if text is not None and not _ORDER_ID.fullmatch(text):
        raise Usage(f"{text!r} is not an order's id.")
    return text


OrderId = Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.", callback=_order_id)]
OrderOrNewest = Annotated[
    str | None,
    typer.Argument(
        metavar="ORDER", help="The order's id; by default the newest.", show_default=False, callback=_order_id
    ),
]
OrderInFull = Annotated[
    str | None,
    typer.Argument(metavar="ORDER", help="Show only this order's, in full.", show_default=False, callback=_order_id),
]
OnlyOrder = Annotated[
    str | None,
    typer.Option("--order", help="Only events or messages about this order.", show_default=False, callback=_order_id),
]
As = Annotated[str | None, typer.Option("--as", metavar="EMAIL", help="Sign in as this user.", show_default=False)]
