"""The rows over which a hot product's units are spread. Pure rules: no AWS.

Row 0 is the product's own row, and an ordinary product has no other. A row takes about 500 transactions a second.
"""

from collections.abc import Mapping

from contracts.types import Value
from inventory.domain import LOW_STOCK_THRESHOLD, Product
from shopkit.shards import shard_of

type Moves = Mapping[int, int]
"""By how many available units rows change."""


class StockRow(Value):
    """Units in one row. `stock_version` counts its movements. A row that has never been used is empty."""

    available: int = 0
    reserved: int = 0
    stock_version: int = 0

    @property
    def on_hand(self) -> int:
        """Units that are not sold, including reserved ones."""
        return self.available + self.reserved


class Stock(Value):
    """A product and all rows that hold its units. `others` are the rows from 1 on."""

    product: Product
    others: tuple[StockRow, ...] = ()

    @property
    def rows(self) -> tuple[StockRow, ...]:
        own = self.product
        return (
            StockRow(available=own.available, reserved=own.reserved, stock_version=own.stock_version),
            *self.others,
        )

    @property
    def total(self) -> Product:
        """The product with the units of all rows."""
        rows = self.rows
        units = {"available": sum(row.available for row in rows), "reserved": sum(row.reserved for row in rows)}
        return self.product.model_copy(update=units)

    @property
    def low_unnoted(self) -> bool:
        """Whether the product's row says of the unsold units that they are few, and they are not, or the reverse."""
        return (self.total.on_hand <= LOW_STOCK_THRESHOLD) != (self.product.stock_low is not None)


def first_row(product: Product, order_id: str) -> int | None:
    """Returns the row in which an order looks for its goods first, or None for an ordinary product."""
    return shard_of(order_id, product.stock_shards or 1) if product.stock_rows else None


def row_with(stock: Stock, quantity: int, first: int) -> int | None:
    """Returns the first row, from `first` on and around, that has so many units available. None if no row has."""
    count = len(stock.rows)
    around = ((first + step) % count for step in range(count))
    return next((row for row in around if stock.rows[row].available >= quantity), None)


def gathered(stock: Stock, quantity: int, into: int) -> Moves:
    """Returns the moves after which one row has so many units, taken from the fullest others. All rows together must
    have them."""
    moves, missing = {into: 0}, quantity - stock.rows[into].available
    for units, row in sorted(((row.available, number) for number, row in enumerate(stock.rows)), reverse=True):
        taken = min(units, missing) if row != into else 0
        if taken > 0:
            moves |= {row: -taken, into: moves[into] + taken}
            missing -= taken
    return moves


def levelled(stock: Stock, incoming: int = 0) -> Moves:
    """Returns the moves after which all available units, with those that come in, are spread evenly over the product's
    shards. Rows of an earlier, larger number of shards become empty of them."""
    shards = stock.product.stock_shards or 1
    share, rest = divmod(stock.total.available + incoming, shards)
    targets = [share + (row < rest) if row < shards else 0 for row in range(len(stock.rows))]
    moves = {number: targets[number] - row.available for number, row in enumerate(stock.rows)}
    return {row: by for row, by in moves.items() if by}
