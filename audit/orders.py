"""3. There is one order per customer, key and window, its history is legal, and its lines add up.

The order's id is derived from customer, key and window, so a second order with the same key would be a second row with
the same id.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from audit.evidence import Evidence, Order, Payment, Recorded
from audit.histories import Change, OrderState
from audit.result import CheckResult
from contracts.orders_stream import OrderStatus
from deployed.words import count, dollars

_OPEN = {OrderStatus.PLACED, OrderStatus.AWAITING_REVIEW}
_CLOSED = {OrderStatus.REJECTED, OrderStatus.CANCELLED}


def check(evidence: Evidence) -> CheckResult:
    statuses = Counter(order.status.value for order in evidence.orders.values())
    parts = ", ".join(f"{number:,} {status}" for status, number in sorted(statuses.items()))
    figures = f"{count(len(evidence.orders), 'order')}{': ' + parts if parts else ''}"
    return CheckResult(3, "orders", figures, tuple(_faults(evidence)), remedy="./shop story ORDER")


def _faults(evidence: Evidence) -> Iterator[str]:
    told: dict[str, list[Recorded]] = {}
    for event in evidence.timeline:
        if event.source == "shop.order":
            told.setdefault(event.order_id, []).append(event)
    for order_id, order in sorted(evidence.orders.items()):
        if order.order_id != order_id:
            yield f"{order_id}: its row says that it is {order.order_id}"
        yield from _miscounted(order)
        yield from _unlisted(order, evidence.payments.get(order_id))
        yield from _strayed(order, _changes(told.get(order_id, [])))
    for order_id in sorted(told.keys() - evidence.orders.keys()):
        yield f"{order_id}: it has events, but there is no such order"
    for row in evidence.unreadable:
        yield f"{row.key}: its row in {row.table} cannot be read: {row.fields}"


def _miscounted(order: Order) -> Iterator[str]:
    """Compares an order's lines with its total. Prices are those at the time of placement, so the lines alone give the
    total."""
    found = sum(line.unit_price.amount * line.quantity for line in order.lines)
    currencies = {line.unit_price.currency for line in order.lines}
    if found != order.total.amount:
        yield f"{order.order_id}: its lines add up to {dollars(found)}, but its total is {dollars(order.total.amount)}"
    if currencies != {order.total.currency}:
        yield f"{order.order_id}: its lines are in {', '.join(sorted(currencies))}, its total in {order.total.currency}"
    for sku, lines in Counter(line.sku for line in order.lines).items():
        if lines > 1:
            yield f"{order.order_id}: {sku} is in {lines} lines"


def _unlisted(order: Order, payment: Payment | None) -> Iterator[str]:
    """Checks the indexes. An order that is missing from them is not listed, and the reconciler never checks it. The
    reconciler checks a closed order until its payment has reported what happened to the money. If no money was held, no
    report comes."""
    shard = f"#{order.key_shard}" if order.key_shard else ""
    if order.all_orders != f"all{shard}":
        found = f"all_orders is {order.all_orders}, not all{shard}"
        yield f"{order.order_id}: it is not in the list of all orders ({found})"
    listed, expected = order.open, f"open{shard}" if order.status in _OPEN else None
    waits_for_its_money = order.status in _CLOSED and listed == f"unsettled{shard}" and not _has_spoken(payment)
    if listed != expected and not waits_for_its_money:
        yield f"{order.order_id}: it is {order.status}, but open is {listed}, not {expected}"
    if (order.reason is None) == (order.status in _CLOSED):
        yield f"{order.order_id}: it is {order.status}, and its reason is {order.reason}"


def _has_spoken(payment: Payment | None) -> bool:
    """Whether an event has told the order service what happened to the money."""
    if payment is None:
        return False
    return payment.settlement_failed is not None or payment.status in {"DECLINED", "VOIDED", "REFUNDED"}


def _changes(events: list[Recorded]) -> Mapping[int, Change]:
    """Returns the order's events by version."""
    changes: dict[int, set[str]] = {}
    for event in events:
        changes.setdefault(event.entity_version, set()).add(event.type)
    return {version: tuple(sorted(names)) for version, names in changes.items()}


def _strayed(order: Order, changes: Mapping[int, Change]) -> Iterator[str]:
    """Follows the order's own events version by version and returns what is illegal."""
    if changes.get(1) != ("OrderPlaced",):
        yield f"{order.order_id}: its first change is {_named(changes.get(1))}, not OrderPlaced"
        return
    state = OrderState()
    for version in range(2, order.version + 1):
        legal = {tuple(sorted(change)): after for change, after in state.changes()}
        change = changes.get(version, ())
        if change not in legal:
            yield f"{order.order_id}: change {version} is {_named(change)}, which {state.status} does not allow"
            return
        state = legal[change]
    if state != OrderState.of(order):
        yield f"{order.order_id}: it is {OrderState.of(order)}, but its history ends as {state}"
    if late := [version for version in changes if version > order.version]:
        yield f"{order.order_id}: its events go to version {max(late)}, but it is at {order.version}"


def _named(change: Change | None) -> str:
    return " + ".join(change) if change else "missing"
