"""Orders and their state changes. Pure rules: no AWS, no clock."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from contracts.orders_stream import OrderStatus
from contracts.types import PRINTABLE, VISIBLE, Money, OrderLine, Sku, Strict, Timestamp, Value

IDEMPOTENCY_WINDOW = timedelta(hours=24)
# How often the closing event of an order is repeated while its payment is not settled.
CLOSING_REPEATS = 3

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

# What an order may need from a person: a decision, or attention to its payment.
Need = Literal["review", "attention"]


class RequestedLine(Strict):
    sku: Sku
    quantity: Annotated[int, Field(ge=1, le=99)]


class RequestedAddress(Strict):
    name: Annotated[str, StringConstraints(min_length=1, max_length=200), VISIBLE]
    line1: Annotated[str, StringConstraints(min_length=1, max_length=200), VISIBLE]
    line2: Annotated[str, StringConstraints(max_length=200), PRINTABLE] | None = None
    city: Annotated[str, StringConstraints(min_length=1, max_length=100), VISIBLE]
    region: Annotated[str, StringConstraints(max_length=100), PRINTABLE] | None = None
    postal_code: Annotated[str, StringConstraints(min_length=1, max_length=20), VISIBLE]
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class ExpectedTotal(Strict):
    amount: Annotated[int, Field(ge=0)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class OrderRequest(Strict):
    """The body of POST /orders."""

    lines: Annotated[list[RequestedLine], Field(min_length=1, max_length=50)]
    payment_method: PaymentMethod
    shipping_address: RequestedAddress
    expected_total: ExpectedTotal | None = None

    @field_validator("lines")
    @classmethod
    def each_sku_once(cls, lines: list[RequestedLine]) -> list[RequestedLine]:
        if len({line.sku for line in lines}) != len(lines):
            raise ValueError("each sku may appear in one line only")
        return lines


class CatalogueEntry(Value):
    """The order service's own copy of a product's name and price."""

    sku: str
    name: str
    price: Money
    version: int


class Address(Value):
    """A stored shipping address. It is not validated again: stricter rules for new orders leave old ones readable."""

    name: str
    line1: str
    line2: str | None = None
    city: str
    region: str | None = None
    postal_code: str
    country: str


class Attention(Value):
    """Why an operator must look at this order, and since when."""

    reason: str
    since: Timestamp


class OrderFacts(Value):
    """The published part of an order: everything but its address. `version` counts the published changes."""

    order_id: str
    customer_id: str
    status: OrderStatus
    lines: tuple[OrderLine, ...]
    total: Money
    payment_method: PaymentMethod
    needs_review: bool = False
    reason: str | None = None
    review: Literal["approved", "rejected"] | None = None
    attention: Attention | None = None
    placed_at: Timestamp
    updated_at: Timestamp
    version: int


class Order(OrderFacts):
    shipping_address: Address

    # Bookkeeping, which is neither published nor shown by the API.
    fingerprint: str
    key_shard: int = 0
    review_note: str | None = None
    restarts: int = 0
    restarted_at: Timestamp | None = None
    settlement_version: int = 0

    @property
    def needs(self) -> Need | None:
        """What the order needs from a person, or None."""
        if self.status is OrderStatus.AWAITING_REVIEW:
            return "review"
        return "attention" if self.attention else None

    @property
    def unsettled(self) -> bool:
        """Whether the order is closed and its payment has not reported a settlement. A payment without anything to give
        back never reports one, so this becomes false after CLOSING_REPEATS repeats."""
        closed = self.status in {OrderStatus.REJECTED, OrderStatus.CANCELLED}
        return closed and self.settlement_version == 0 and self.restarts < CLOSING_REPEATS


# The fields that are set when an order is placed, and never change.
_PLACEMENT = (
    "order_id",
    "customer_id",
    "lines",
    "total",
    "payment_method",
    "shipping_address",
    "placed_at",
    "needs_review",
    "fingerprint",
)


@dataclass(frozen=True)
class Limits:
    """How long checkout and review may take, and how often a checkout is restarted."""

    checkout: timedelta
    review: timedelta
    restarts: int


class UnknownSku(ValueError):
    """No product in the catalogue has this sku."""

    def __init__(self, indexes: list[int]) -> None:
        super().__init__("unknown sku")
        self.indexes = indexes


class OrderClosed(Exception):
    """The order was rejected or cancelled first. Its closing event settles money and goods."""


class IllegalTransition(Exception):
    """The order's status does not allow this change. `order` is its current state."""

    def __init__(self, order: Order, wanted: OrderStatus) -> None:
        super().__init__(f"order {order.order_id} is {order.status} and cannot become {wanted}")
        self.order = order


def order_id(scope: str, customer_id: str, key: str, generation: int) -> str:
    """Returns the id for a customer, key and generation: always the same one within one shop (`scope`)."""
    message = "\x00".join((customer_id, key, str(generation)))
    return "ord_" + hmac.new(scope.encode(), message.encode(), hashlib.sha256).hexdigest()[:32]


def is_order_id(text: str) -> bool:
    """Returns whether the text has the form of an order id. Other text need not reach the table."""
    return re.fullmatch(r"ord_[0-9a-f]{32}", text) is not None


def within_window(order: Order, now: datetime) -> bool:
    """Returns whether the order's idempotency key is still valid."""
    return now - order.placed_at < IDEMPOTENCY_WINDOW


def priced(request: OrderRequest, catalogue: Mapping[str, CatalogueEntry]) -> tuple[OrderLine, ...]:
    """Returns the requested lines at the catalogue's prices. Raises UnknownSku with the lines that have none."""
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
    return _placed(
        order_id=order_id,
        customer_id=customer_id,
        lines=lines,
        total=total_of(lines),
        payment_method=request.payment_method,
        shipping_address=Address(**request.shipping_address.model_dump()),
        placed_at=now,
        fingerprint=fingerprint,
    )


def screened(order: Order, threshold: int) -> Order:
    """Returns a new order that says whether an operator must review it: if its total is above the threshold (minor
    units), or its card is under review."""
    needs_review = order.payment_method == "pm_review" or order.total.amount > threshold
    return order.model_copy(update={"needs_review": needs_review})


def as_placed(order: Order) -> Order:
    """Returns the order as it was when it was placed, without any later change."""
    return _placed(**{name: getattr(order, name) for name in _PLACEMENT})


def _placed(**placement: Any) -> Order:
    """Returns a new order with these fields. All others have their defaults."""
    return Order(status=OrderStatus.PLACED, updated_at=placement["placed_at"], version=1, **placement)


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


def cancel(order: Order, reason: str, now: datetime) -> Order:
    """Any order that is not REJECTED becomes CANCELLED. Cancelling again changes nothing."""
    if order.status is OrderStatus.CANCELLED:
        return order
    cancellable = {OrderStatus.PLACED, OrderStatus.AWAITING_REVIEW, OrderStatus.CONFIRMED}
    return _become(order, OrderStatus.CANCELLED, now, allowed=cancellable, reason=reason)


def hold(order: Order, now: datetime) -> Order:
    """A PLACED order that still needs a review becomes AWAITING_REVIEW; any other PLACED order stays as it is."""
    if order.status is OrderStatus.AWAITING_REVIEW:
        return order
    if order.status is OrderStatus.PLACED and (order.review or not order.needs_review):
        return order
    return _become(order, OrderStatus.AWAITING_REVIEW, now, allowed={OrderStatus.PLACED})


def approve(order: Order, note: str | None, now: datetime) -> Order:
    """AWAITING_REVIEW goes back to PLACED, from where checkout resumes."""
    placed = _become(order, OrderStatus.PLACED, now, allowed={OrderStatus.AWAITING_REVIEW})
    return placed.model_copy(update={"review": "approved", "review_note": note})


def disapprove(order: Order, reason: str, note: str | None, now: datetime) -> Order:
    """AWAITING_REVIEW becomes REJECTED, by an operator or because the review expired."""
    rejected = _become(order, OrderStatus.REJECTED, now, allowed={OrderStatus.AWAITING_REVIEW}, reason=reason)
    return rejected.model_copy(update={"review": "rejected", "review_note": note})


def reconciled(order: Order, limits: Limits, now: datetime) -> Order:
    """Returns the order after a reconciliation.

    An overdue checkout is restarted, and rejected after `limits.restarts`. An expired review is rejected. The closing
    of an unsettled order is repeated. Any other order is unchanged.
    """
    if order.status is OrderStatus.AWAITING_REVIEW:
        expired = now - order.updated_at > limits.review
        return disapprove(order, "review_expired", None, now) if expired else order
    waiting = order.status is OrderStatus.PLACED or order.unsettled
    if not waiting or now - (order.restarted_at or order.updated_at) <= limits.checkout:
        return order
    if order.status is OrderStatus.PLACED and order.restarts >= limits.restarts:
        return reject(order, "checkout_stuck", now)
    return order.model_copy(update={"restarts": order.restarts + 1, "restarted_at": now})


def settlement_failed(order: Order, payment_version: int, reason: str, now: datetime) -> Order:
    """Marks the order for attention, unless a later settlement has succeeded. The status stays."""
    if payment_version <= order.settlement_version:
        return order
    return order.model_copy(
        update={
            "settlement_version": payment_version,
            "attention": Attention(reason=reason, since=now),
            "updated_at": now,
            "version": order.version + 1,
        }
    )


def settled(order: Order, payment_version: int, now: datetime) -> Order:
    """The money has been given back, which ends the need for attention. Without one, nothing is published."""
    if payment_version <= order.settlement_version:
        return order
    noted = order.model_copy(update={"settlement_version": payment_version})
    if order.attention is None:
        return noted
    return noted.model_copy(update={"attention": None, "updated_at": now, "version": order.version + 1})


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
        update={
            "status": status,
            "reason": reason,
            "updated_at": now,
            "version": order.version + 1,
            "restarts": 0,
            "restarted_at": None,
        }
    )
