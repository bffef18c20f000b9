"""Products, reservations and stock movements. Pure rules: no AWS, no clock."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from contracts.orders_stream import OrderStatus
from contracts.types import SKU, VISIBLE, Goods, Money, Strict, Timestamp, Value

# Operators are notified when a product has this many units left, or fewer.
LOW_STOCK_THRESHOLD = 10

# A product's row is read by each of its reservations, and DynamoDB reads a row at most 6,000 times a second (eventually
# consistent). So more rows than these, of 500 reservations a second each, would gain nothing.
MOST_STOCK_SHARDS = 16

# A path below the storefront or an https URL, in RFC 3986's characters: nothing that a page could execute.
_IMAGE = r"^(https://[A-Za-z0-9._~:/?#@!$&()*+,;=%\[\]-]+|/?[A-Za-z0-9._~%-][A-Za-z0-9._~%/-]*)$"


class RequestedPrice(Strict):
    """The price of one unit in cents. It is at least 1, because a gateway accepts no payment of 0."""

    amount: Annotated[int, Field(ge=1, le=1_000_000_000)]
    currency: Literal["USD"]


class ProductRequest(Strict):
    """The body of PUT /products/{sku}: the whole catalogue entry. Stock is not part of it, only over how many rows it
    is spread: 1 unless the product is hot. Without `stock_shards` that stays as it is."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200), VISIBLE]
    description: Annotated[str, StringConstraints(max_length=2000), VISIBLE]
    price: RequestedPrice
    image: Annotated[str, StringConstraints(max_length=500, pattern=_IMAGE)]
    stock_shards: Annotated[int, Field(ge=1, le=MOST_STOCK_SHARDS)] | None = None


class RestockRequest(Strict):
    """The body of POST /products/{sku}/restock."""

    quantity: Annotated[int, Field(ge=1, le=1_000_000)]


class Product(Value):
    """A catalogue entry and its stock, in units. `version` counts changes of the entry and `stock_version` movements of
    the stock, each with the time of the last one, so that neither conflicts with the other.

    Only a product that is or was hot has the last three: over how many rows its units are spread, how many rows may
    hold some (the most shards it ever had), and how many units were available when the unsold ones became few, as long
    as they are few. Its counters are then those of row 0 (see stock_rows)."""

    sku: str
    name: str
    description: str
    price: Money
    image: str
    version: int
    updated_at: Timestamp
    available: int
    reserved: int
    stock_version: int
    stock_updated_at: Timestamp
    stock_shards: int | None = None
    stock_rows: int | None = None
    stock_low: int | None = None

    @property
    def on_hand(self) -> int:
        """Units that are not sold, including reserved ones."""
        return self.available + self.reserved


class Restock(Value):
    """An entry in the ledger of restocks: the units, the request's fingerprint, and the product after the restock,
    which is the response to every repeat of the request."""

    sku: str
    quantity: int
    at: Timestamp
    fingerprint: str
    product: Product


class ReservationStatus(StrEnum):
    RESERVED = "RESERVED"
    REJECTED = "REJECTED"
    COMMITTED = "COMMITTED"
    RELEASED = "RELEASED"
    RETURNED = "RETURNED"


class Reservation(Value):
    """The decision about an order's goods. It is returned to every later reserve of the order. `rows` says from which
    row the goods of each hot product were taken, and there they return."""

    order_id: str
    status: ReservationStatus
    lines: tuple[Goods, ...]
    short: tuple[str, ...] = ()
    rows: Mapping[str, int] | None = None
    version: int
    updated_at: Timestamp


class OutOfStock(Exception):
    """Nothing is held, because at least one line was not available."""


class ReservationClosed(Exception):
    """The order was closed first. Its goods are available again, and nothing will be reserved for it."""


@dataclass(frozen=True)
class Movement:
    """How one reserved, sold or returned unit changes the two counters of its product."""

    available: int
    reserved: int

    @property
    def changes_on_hand(self) -> bool:
        return self.available + self.reserved != 0


RESTOCK = Movement(available=+1, reserved=0)
RESERVE = Movement(available=-1, reserved=+1)
_COMMIT = Movement(available=0, reserved=-1)
_RELEASE = Movement(available=+1, reserved=-1)
_RETURN = Movement(available=+1, reserved=0)


def is_sku(text: str) -> bool:
    return re.fullmatch(SKU, text) is not None


def upserted(before: Product | None, sku: str, wanted: ProductRequest, now: datetime) -> Product:
    """Returns the product with this catalogue entry. Its stock is unchanged. An equal entry changes nothing."""
    entry = {
        **wanted.model_dump(exclude={"price", "stock_shards"}),
        "price": Money(**wanted.price.model_dump()),
        **_shards(before, wanted.stock_shards),
    }
    if before is None:
        return Product(
            sku=sku, **entry, version=1, updated_at=now, available=0, reserved=0, stock_version=0, stock_updated_at=now
        )
    if all(getattr(before, name) == value for name, value in entry.items()):
        return before
    return before.model_copy(update={**entry, "version": before.version + 1, "updated_at": now})


def _shards(before: Product | None, wanted: int | None) -> dict[str, int | None]:
    """Returns what changes if the product gets so many shards. From its first on, its row notes whether few units are
    left, because no single row shows that. What is low already is noted without being news."""
    if before and before.stock_rows:
        shards = wanted or before.stock_shards or 1
        return {"stock_shards": shards, "stock_rows": max(shards, before.stock_rows)}
    if wanted is None or wanted == 1:
        return {}
    low = before is None or before.on_hand <= LOW_STOCK_THRESHOLD
    available = before.available if before else 0
    return {"stock_shards": wanted, "stock_rows": wanted, "stock_low": available if low else None}


def restock_id(actor: str, key: str) -> str:
    """Returns the id of a restock: always the same one for an operator and Idempotency-Key."""
    return hashlib.sha256(f"{actor}\x00{key}".encode()).hexdigest()[:32]


def restocked(before: Product, quantity: int, fingerprint: str, now: datetime) -> Restock:
    after = before.model_copy(
        update={
            "available": before.available + quantity,
            "stock_version": before.stock_version + 1,
            "stock_updated_at": now,
        }
    )
    return Restock(sku=before.sku, quantity=quantity, at=now, fingerprint=fingerprint, product=after)


def reserved(order_id: str, lines: Sequence[Goods], now: datetime) -> Reservation:
    return Reservation(
        order_id=order_id, status=ReservationStatus.RESERVED, lines=tuple(lines), version=1, updated_at=now
    )


def rejected(order_id: str, lines: Sequence[Goods], short: Sequence[str], now: datetime) -> Reservation:
    return Reservation(
        order_id=order_id,
        status=ReservationStatus.REJECTED,
        lines=tuple(lines),
        short=tuple(short),
        version=1,
        updated_at=now,
    )


def require_reserved(decision: Reservation) -> None:
    """Checks that the recorded decision is a reservation. Raises OutOfStock, ReservationClosed."""
    match decision.status:
        case ReservationStatus.REJECTED:
            raise OutOfStock(f"order {decision.order_id} is short of {', '.join(decision.short)}")
        case ReservationStatus.RELEASED | ReservationStatus.RETURNED:
            raise ReservationClosed(f"the reservation of order {decision.order_id} is {decision.status}")


def followed(
    before: Reservation | None, order_id: str, status: OrderStatus, now: datetime
) -> tuple[Reservation, Movement] | None:
    """Returns the reservation after its order changed to `status`, and how its units move; None if nothing changes.

    A closed order without a reservation gets an empty one that is RELEASED, so that a late reserve finds the order
    closed. A late commit does nothing. A rejected reservation has nothing to give back.
    """
    closed = status in {OrderStatus.REJECTED, OrderStatus.CANCELLED}
    if before is None:
        tombstone = Reservation(
            order_id=order_id, status=ReservationStatus.RELEASED, lines=(), version=1, updated_at=now
        )
        return (tombstone, _RELEASE) if closed else None
    match before.status:
        case ReservationStatus.RESERVED if status is OrderStatus.CONFIRMED:
            return _become(before, ReservationStatus.COMMITTED, now), _COMMIT
        case ReservationStatus.RESERVED if closed:
            return _become(before, ReservationStatus.RELEASED, now), _RELEASE
        case ReservationStatus.COMMITTED if closed:
            return _become(before, ReservationStatus.RETURNED, now), _RETURN
    return None


def _become(before: Reservation, status: ReservationStatus, now: datetime) -> Reservation:
    return before.model_copy(update={"status": status, "version": before.version + 1, "updated_at": now})
