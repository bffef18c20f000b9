"""Events of the inventory service. Reservation events correlate by order, catalogue events by sku."""

from typing import ClassVar

from contracts.envelope import EventData
from contracts.types import Goods, Money


class _InventoryEvent(EventData):
    source: ClassVar[str] = "shop.inventory"


class _ReservationEvent(_InventoryEvent):
    order_id: str
    lines: tuple[Goods, ...]


class StockReserved(_ReservationEvent):
    """All lines of the order are held for it."""


class StockRejected(_ReservationEvent):
    """Nothing is held: at least the lines in `short` were not available."""

    short: tuple[str, ...]


class StockCommitted(_ReservationEvent):
    """What was reserved is sold."""


class StockReleased(_ReservationEvent):
    """What was reserved is available again. `lines` is empty when nothing had been reserved yet."""


class StockReturned(_ReservationEvent):
    """What had been sold is available again."""


class ProductUpdated(_InventoryEvent):
    """The catalogue entry at `entity_version`; the newest version per sku wins."""

    sku: str
    name: str
    price: Money


class StockLow(_InventoryEvent):
    """The units that are not sold, reserved ones included, fell to the threshold or below."""

    sku: str
    name: str
    available: int
    threshold: int
