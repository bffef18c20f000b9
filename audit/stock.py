"""1. Every unit that ever came in is available, reserved or sold."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from audit.evidence import Evidence, Order, Product, Reservation, StockRow
from audit.result import CheckResult
from contracts.orders_stream import OrderStatus
from contracts.types import Goods
from deployed.words import count

type _Row = tuple[str, int]
"""A sku, and the number of a row of its stock."""


def check(evidence: Evidence) -> CheckResult:
    sold = _units(evidence, "COMMITTED")
    rows = _rows(evidence).values()
    available, reserved = sum(row.available for row in rows), sum(row.reserved for row in rows)
    figures = (
        f"{count(len(evidence.products), 'sku')}: {sum(evidence.restocked.values()):,} in = "
        f"{available:,} available + {reserved:,} reserved + {sold.total():,} sold"
    )
    return CheckResult(1, "stock", figures, tuple(_faults(evidence, sold)), remedy="./shop products")


def _units(evidence: Evidence, status: str) -> Counter[str]:
    """Returns the units in reservations of this status, by sku."""
    units: Counter[str] = Counter()
    for reservation in evidence.reservations.values():
        if reservation.status == status:
            units.update({line.sku: line.quantity for line in reservation.lines})
    return units


def _rows(evidence: Evidence) -> Mapping[_Row, Product | StockRow]:
    """Returns all rows of stock. A product's own row is its row 0, and only a hot product has others."""
    return {**{(sku, 0): product for sku, product in evidence.products.items()}, **evidence.stock_rows}


def _held(evidence: Evidence) -> Counter[_Row]:
    """Returns the units that reservations hold, by the row from which they were taken."""
    units: Counter[_Row] = Counter()
    for reservation in evidence.reservations.values():
        if reservation.status == "RESERVED":
            rows = reservation.rows or {}
            units.update({(line.sku, rows.get(line.sku, 0)): line.quantity for line in reservation.lines})
    return units


def _faults(evidence: Evidence, sold: Counter[str]) -> Iterator[str]:
    rows, held = _rows(evidence), _held(evidence)
    moved = evidence.restocked.keys() | sold.keys() | {sku for sku, _ in held.keys() | rows.keys()}
    for sku, product in sorted(evidence.products.items()):
        if product.sku != sku:
            yield f"{sku}: its row says that it is {product.sku}"
        own = [row for (owner, _), row in rows.items() if owner == sku]
        available, reserved = sum(row.available for row in own), sum(row.reserved for row in own)
        came, there = evidence.restocked.get(sku, 0), available + reserved + sold[sku]
        if came != there:
            yield f"{sku}: {came} came in, but {available} available + {reserved} reserved + {sold[sku]} sold = {there}"
    for (sku, number), row in sorted(rows.items()):
        name = f"{sku}, row {number}" if number else sku
        if row.available < 0 or row.reserved < 0:
            yield f"{name}: {row.available} available, {row.reserved} reserved"
        if row.reserved != held[sku, number]:
            yield f"{name}: {row.reserved} reserved, but reservations hold {held[sku, number]}"
    for sku, number in sorted(held.keys() - rows.keys()):
        if sku in evidence.products:
            yield f"{sku}, row {number}: reservations hold {held[sku, number]}, but there is no such row"
    for sku in sorted(moved - evidence.products.keys()):
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
