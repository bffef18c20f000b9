"""Events of the inventory service. Their correlation id is the order's id or, for catalogue events, the sku."""

from typing import ClassVar

from contracts.envelope import EventData
from contracts.types import Goods, Money


class _InventoryEvent(EventData):
    source: ClassVar[str] = "shop.inventory"


class _ReservationEvent(_InventoryEvent):
    order_id: str
    lines: tuple[Goods, ...]


class StockReserved(_ReservationEvent):
    """The goods of all lines are reserved for the order."""


class StockRejected(_ReservationEvent):
    """Nothing was reserved. At least the skus in `short` did not have enough stock."""

    short: tuple[str, ...]


class StockCommitted(_ReservationEvent):
    """The reserved goods are sold."""


class StockReleased(_ReservationEvent):
    """The reserved goods are available again. `lines` is empty if nothing had been reserved yet."""


class StockReturned(_ReservationEvent):
    """Goods that had been sold are available again."""


class ProductUpdated(_InventoryEvent):
    """A product was created or changed. For each sku, the highest `entity_version` is current."""

    sku: str
    name: str
    price: Money


class StockLow(_InventoryEvent):
    """The number of unsold units, including reserved ones, fell to the threshold or below."""

    sku: str
    name: str
    available: int
    threshold: int
