"""1. Every unit that ever came in is available, reserved or sold."""

from collections import Counter
from collections.abc import Iterator

from cli.audit.evidence import Evidence
from cli.audit.result import CheckResult
from cli.format import count
from contracts.orders_stream import OrderStatus


def check(evidence: Evidence) -> CheckResult:
    sold, held = _units(evidence, "COMMITTED"), _units(evidence, "RESERVED")
    products = evidence.products.values()
    available, reserved = sum(p.available for p in products), sum(p.reserved for p in products)
    figures = (
        f"{count(len(products), 'sku')}: {sum(evidence.restocked.values()):,} in = "
        f"{available:,} available + {reserved:,} reserved + {sold.total():,} sold"
    )
    return CheckResult(1, "stock", figures, tuple(_faults(evidence, sold, held)))


def _units(evidence: Evidence, status: str) -> Counter[str]:
    """By sku, what reservations of this status say."""
    units: Counter[str] = Counter()
    for reservation in evidence.reservations.values():
        if reservation.status == status:
            units.update({line.sku: line.quantity for line in reservation.lines})
    return units


def _faults(evidence: Evidence, sold: Counter[str], held: Counter[str]) -> Iterator[str]:
    for sku, product in sorted(evidence.products.items()):
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
    for order_id, reservation in sorted(evidence.reservations.items()):
        order = evidence.orders.get(order_id)
        # What awaits review may keep its goods; nothing else may, once it is quiet.
        if reservation.status == "RESERVED" and not (order and order.status is OrderStatus.AWAITING_REVIEW):
            yield f"{order_id}: still holds goods, but {f'it is {order.status}' if order else 'there is no such order'}"
