"""2. The gateway's own ledger holds exactly what confirmed orders cost, and the goods agree with the money."""

from collections import Counter
from collections.abc import Iterator

from audit import payments
from audit.evidence import Charge, Evidence, Order, Payment
from audit.result import CheckResult
from contracts.orders_stream import OrderStatus
from deployed.words import count, dollars

_CLOSED = {OrderStatus.REJECTED, OrderStatus.CANCELLED}


def check(evidence: Evidence) -> CheckResult:
    charges = evidence.charges.values()
    statuses = Counter(order.status for order in evidence.orders.values())
    figures = (
        f"{count(statuses[OrderStatus.CONFIRMED], 'confirmed order')}, "
        f"{statuses[OrderStatus.REJECTED] + statuses[OrderStatus.CANCELLED]:,} closed; "
        f"captured {dollars(sum(charge.captured for charge in charges))}, "
        f"refunded {dollars(sum(charge.refunded for charge in charges))}"
    )
    owed = _owed(evidence)
    if owed:
        figures += f", owed {dollars(sum(owed.values()))} for {count(len(owed), 'order')} at attention"
    return CheckResult(
        2,
        "money and goods",
        figures,
        (*_faults(evidence), *payments.faults(evidence)),
        notes=tuple(
            f"{order_id}: {dollars(cents)} of its customer's are still owed" for order_id, cents in owed.items()
        ),
        remedy=f"./shop settle {next(iter(owed))}" if owed else "./shop story ORDER",
    )


def _owed(evidence: Evidence) -> dict[str, int]:
    """Returns the amounts that have not been given back yet, in cents, by the order whose `attention` asks a person to
    look."""
    return {
        order_id: charge.owed
        for order_id, order in sorted(evidence.orders.items())
        if order.attention and order.status in _CLOSED and (charge := evidence.charges.get(order_id)) and charge.owed
    }


def _faults(evidence: Evidence) -> Iterator[str]:
    for order_id, order in sorted(evidence.orders.items()):
        charge = evidence.charges.get(order_id)
        reservation = evidence.reservations.get(order_id)
        goods = reservation.status if reservation else "nothing"
        if order.status is OrderStatus.CONFIRMED:
            yield from _wrong_if_confirmed(order, charge)
            if not reservation or goods != "COMMITTED" or Counter(order.goods) != Counter(reservation.lines):
                yield f"{order_id}: CONFIRMED, but its goods are not committed as ordered ({goods})"
        elif order.status in _CLOSED:
            # Money that has not been given back is not a fault if the order asks a person to look.
            if charge and not order.attention:
                yield from _wrong_if_closed(order, charge)
            if goods in {"RESERVED", "COMMITTED"}:
                yield f"{order_id}: {order.status}, but its goods are {goods}"
            if reservation is None:
                yield f"{order_id}: {order.status}, but no reservation says that a late one finds it closed"
        elif charge and charge.captured != charge.refunded:
            yield f"{order_id}: {order.status}, but {dollars(charge.captured)} were captured"
        yield from _wrongly_seen_to(order, evidence.payments.get(order_id))
    for order_id in sorted(evidence.charges.keys() - evidence.orders.keys()):
        yield f"{order_id}: charged, but there is no such order"


def _wrong_if_confirmed(order: Order, charge: Charge | None) -> Iterator[str]:
    if charge is None:
        yield f"{order.order_id}: CONFIRMED, but never charged"
        return
    if charge.captures != 1:
        yield f"{order.order_id}: CONFIRMED with {count(charge.captures, 'capture')}"
    took = charge.captured - charge.refunded
    if (took, charge.currency) != (order.total.amount, order.total.currency) or charge.refunded or charge.voided:
        yield (
            f"{order.order_id}: CONFIRMED at {dollars(order.total.amount)}, but captured {dollars(charge.captured)}, "
            f"refunded {dollars(charge.refunded)}{', voided' if charge.voided else ''}"
        )


def _wrong_if_closed(order: Order, charge: Charge) -> Iterator[str]:
    if charge.captured != charge.refunded:
        yield f"{order.order_id}: {order.status}, but {dollars(charge.captured - charge.refunded)} were not given back"
    if charge.authorized and not charge.captured and not charge.voided:
        yield f"{order.order_id}: {order.status}, but {dollars(charge.authorized)} are still authorized"


def _wrongly_seen_to(order: Order, payment: Payment | None) -> Iterator[str]:
    """Checks that an order has `attention` exactly while a failed settlement is unresolved."""
    failed = payment and payment.settlement_failed
    if failed and not order.attention:
        yield f"{order.order_id}: its settlement failed, but it shows no attention"
    if order.attention and not failed:
        yield f"{order.order_id}: it shows attention, but no settlement has failed"
