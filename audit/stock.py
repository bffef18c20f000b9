"""1. Every unit that ever came in is available, reserved or sold."""

from collections import Counter
from collections.abc import Iterable, Iterator

from audit.evidence import Evidence, Order, Reservation
from audit.result import CheckResult
from contracts.orders_stream import OrderStatus
from contracts.types import Goods
from deployed.words import count


def check(evidence: Evidence) -> CheckResult:
    sold, held = _units(evidence, "COMMITTED"), _units(evidence, "RESERVED")
    products = evidence.products.values()
    available, reserved = sum(p.available for p in products), sum(p.reserved for p in products)
    figures = (
        f"{count(len(products), 'sku')}: {sum(evidence.restocked.values()):,} in = "
        f"{available:,} available + {reserved:,} reserved + {sold.total():,} sold"
    )
    return CheckResult(1, "stock", figures, tuple(_faults(evidence, sold, held)), remedy="./shop products")


def _units(evidence: Evidence, status: str) -> Counter[str]:
    """Returns the units in reservations of this status, by sku."""
    units: Counter[str] = Counter()
    for reservation in evidence.reservations.values():
        if reservation.status == status:
            units.update({line.sku: line.quantity for line in reservation.lines})
    return units


def _faults(evidence: Evidence, sold: Counter[str], held: Counter[str]) -> Iterator[str]:
    for sku, product in sorted(evidence.products.items()):
        if product.sku != sku:
            yield f"{sku}: its row says that it is {product.sku}"
        came, there = evidence.restocked.get(sku, 0), product.available + product.reserved + sold[sku]
        if came != there:
            yield (
                f"{sku}: {came} came in, but {product.available} available + {product.reserved} reserved + "
                f"{sold[sku]} sold = {there}"
            )
        if product.available < 0 or product.reserved < 0:
            yield f"{sku}: {product.available} available, {product.reserved} reserved"
        if product.reserved != held[sku]:
            yield f"{sku}: {product.reserved} reserved, but reservations hold {held[sku]}"
    for sku in sorted((evidence.restocked.keys() | sold.keys() | held.keys()) - evidence.products.keys()):
        yield f"{sku}: its stock moved, but there is no such product"
    yield from _reservation_faults(evidence)


def _reservation_faults(evidence: Evidence) -> Iterator[str]:
    for order_id, reservation in sorted(evidence.reservations.items()):
        order = evidence.orders.get(order_id)
        if reservation.order_id != order_id:
            yield f"{order_id}: its reservation says that it is {reservation.order_id}'s"
        if order:
            yield from _other_goods(order, reservation)
        # An order that awaits review keeps its goods; once the stack is quiet, no other order may.
        if reservation.status == "RESERVED" and not (order and order.status is OrderStatus.AWAITING_REVIEW):
            yield f"{order_id}: still holds goods, but {f'it is {order.status}' if order else 'there is no such order'}"


def _other_goods(order: Order, reservation: Reservation) -> Iterator[str]:
    """Checks that a reservation contains exactly what was ordered. One that was closed before anything was reserved is
    empty."""
    tombstone = reservation.status == "RELEASED" and not reservation.lines
    if not tombstone and Counter(reservation.lines) != Counter(order.goods):
        yield (
            f"{order.order_id}: ordered {_units_in(order.goods)}, but its reservation is of "
            f"{_units_in(reservation.lines)}"
        )
    unknown = set(reservation.short) - {line.sku for line in order.lines}
    if unknown or bool(reservation.short) != (reservation.status == "REJECTED"):
        short = ", ".join(reservation.short) or "nothing"
        yield f"{order.order_id}: its reservation is {reservation.status}, short of {short}"


def _units_in(lines: Iterable[Goods]) -> str:
    return ", ".join(f"{line.quantity} {line.sku}" for line in lines) or "nothing"
