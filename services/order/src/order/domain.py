"""What an order is, and every way it may change. Pure rules: no AWS, no clock."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from contracts.orders_stream import OrderStatus
from contracts.types import Money, OrderLine, Timestamp, Value

IDEMPOTENCY_WINDOW = timedelta(hours=24)
CURRENCY = "USD"

Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
PaymentMethod = Literal[
    "pm_visa",
    "pm_declined",
    "pm_insufficient_funds",
    "pm_review",
    "pm_timeout",
    "pm_flaky",
    "pm_capture_fails",
    "pm_settle_fails",
]


class Strict(BaseModel):
    """Input from outside: unknown fields, and numbers or strings of another JSON type, are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class RequestedLine(Strict):
    sku: Sku
    quantity: Annotated[int, Field(ge=1, le=99)]


class Address(Strict):
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    line1: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    line2: Annotated[str, StringConstraints(max_length=200)] | None = None
    city: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    region: Annotated[str, StringConstraints(max_length=100)] | None = None
    postal_code: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class ExpectedTotal(Strict):
    amount: Annotated[int, Field(ge=0)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class OrderRequest(Strict):
    """The body of POST /orders."""

    lines: Annotated[list[RequestedLine], Field(min_length=1, max_length=50)]
    payment_method: PaymentMethod
    shipping_address: Address
    expected_total: ExpectedTotal | None = None

    @model_validator(mode="after")
    def each_sku_once(self) -> Self:
        if len({line.sku for line in self.lines}) != len(self.lines):
            raise ValueError("each sku may appear in one line only")
        return self


class CatalogueEntry(Value):
    """The order service's own copy of a product's name and price."""

    sku: str
    name: str
    price: Money
    version: int


class Attention(Value):
    """Why a person must look at this order, and since when."""

    reason: str
    since: Timestamp


class Order(Value):
    """`version` counts the changes that others hear of; `fingerprint` is of the request that placed it."""

    order_id: str
    customer_id: str
    status: OrderStatus
    lines: tuple[OrderLine, ...]
    total: Money
    payment_method: PaymentMethod
    shipping_address: Address
    reason: str | None = None
    review: Literal["approved", "rejected"] | None = None
    attention: Attention | None = None
    placed_at: Timestamp
    updated_at: Timestamp
    version: int
    fingerprint: str


class UnknownSku(ValueError):
    """The catalogue has no such product."""

    def __init__(self, indexes: list[int]) -> None:
        super().__init__("unknown sku")
        self.indexes = indexes


class IllegalTransition(Exception):
    """The order's status does not allow this change; `order` is how it stands."""

    def __init__(self, order: Order, wanted: OrderStatus) -> None:
        super().__init__(f"order {order.order_id} is {order.status}, not to become {wanted}")
        self.order = order


def order_id(secret: str, customer_id: str, key: str, generation: int) -> str:
    """The same customer, key and generation always name the same order, and no one else can guess its id."""
    message = "\x00".join((customer_id, key, str(generation)))
    return "ord_" + hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()[:32]


def within_window(order: Order, now: datetime) -> bool:
    """Whether the order's idempotency key still stands for it."""
    return now - order.placed_at < IDEMPOTENCY_WINDOW


def priced(request: OrderRequest, catalogue: Mapping[str, CatalogueEntry]) -> tuple[OrderLine, ...]:
    """The requested lines at the catalogue's prices. Raises UnknownSku naming the lines that have none."""
    unknown = [index for index, line in enumerate(request.lines) if line.sku not in catalogue]
    if unknown:
        raise UnknownSku(unknown)
    return tuple(
        OrderLine(
            sku=line.sku,
            quantity=line.quantity,
            name=catalogue[line.sku].name,
            unit_price=catalogue[line.sku].price,
        )
        for line in request.lines
    )


def total_of(lines: tuple[OrderLine, ...]) -> Money:
    total = Money(amount=0, currency=lines[0].unit_price.currency)
    for line in lines:
        total += line.unit_price * line.quantity
    return total


def place(
    request: OrderRequest,
    lines: tuple[OrderLine, ...],
    *,
    order_id: str,
    customer_id: str,
    fingerprint: str,
    now: datetime,
) -> Order:
    return Order(
        order_id=order_id,
        customer_id=customer_id,
        status=OrderStatus.PLACED,
        lines=lines,
        total=total_of(lines),
        payment_method=request.payment_method,
        shipping_address=request.shipping_address,
        placed_at=now,
        updated_at=now,
        version=1,
        fingerprint=fingerprint,
    )


def as_placed(order: Order) -> Order:
    """The order as its placement answered, whatever happened to it since."""
    return order.model_copy(
        update={
            "status": OrderStatus.PLACED,
            "reason": None,
            "review": None,
            "attention": None,
            "updated_at": order.placed_at,
            "version": 1,
        }
    )


def confirm(order: Order, now: datetime) -> Order:
    """PLACED becomes CONFIRMED. Confirming again changes nothing."""
    if order.status is OrderStatus.CONFIRMED:
        return order
    return _become(order, OrderStatus.CONFIRMED, now, allowed={OrderStatus.PLACED})


def reject(order: Order, reason: str, now: datetime) -> Order:
    """PLACED becomes REJECTED. Rejecting again changes nothing."""
    if order.status is OrderStatus.REJECTED:
        return order
    return _become(order, OrderStatus.REJECTED, now, allowed={OrderStatus.PLACED}, reason=reason)


def _become(
    order: Order,
    status: OrderStatus,
    now: datetime,
    *,
    allowed: set[OrderStatus],
    reason: str | None = None,
) -> Order:
    if order.status not in allowed:
        raise IllegalTransition(order, status)
    return order.model_copy(
        update={"status": status, "reason": reason, "updated_at": now, "version": order.version + 1}
    )
