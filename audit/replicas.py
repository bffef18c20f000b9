"""7. Derived data equals its source: the catalogue replica, and the counts of clicks and purchases."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from audit.contents import shown
from audit.evidence import CatalogueEntry, Evidence, Recorded
from audit.result import CheckResult
from deployed.words import count, dollars

# Counts are kept for two days after the clicks' arrival. Older ones are not compared.
_KEPT = timedelta(days=2) - timedelta(hours=1)

type Tally = Counter[tuple[datetime, str, str]]
"""How many, by minute, sku and counter."""


def check(evidence: Evidence) -> CheckResult:
    purchases = sum(number for (_minute, _sku, counter), number in _found(evidence).items() if counter == "purchases")
    figures = (
        f"{count(len(evidence.products), 'product')}, {len(evidence.replica):,} known to orders; "
        f"{count(len(evidence.clicks), 'click')} and {count(purchases, 'purchase')} counted"
    )
    faults = (
        *_catalogue_faults(evidence),
        *_price_faults(evidence),
        *_purchase_faults(evidence),
        *_counter_faults(evidence),
    )
    return CheckResult(7, "replicas", figures, faults, remedy="./shop rebuild catalogue")


def _catalogue_faults(evidence: Evidence) -> Iterator[str]:
    for sku in sorted(evidence.products.keys() | evidence.replica.keys()):
        sold, known = evidence.products.get(sku), evidence.replica.get(sku)
        if sold is None or known is None:
            yield f"{sku}: {'orders do not know it' if sold else 'orders know it, but there is no such product'}"
        elif CatalogueEntry(sku=sku, name=sold.name, price=sold.price, version=sold.version) != known:
            yield (
                f"{sku}: sold as version {sold.version}, known to orders as version {known.version}; "
                f"sold as {_entry(sold)}, known as {_entry(known)}"
            )
        if sold and sold.catalogue != "all":
            yield f"{sku}: it is not in the list of all products (catalogue is {sold.catalogue}, not all)"


def _entry(entry: CatalogueEntry) -> str:
    return f"{entry.name} at {dollars(entry.price.amount)}"


def _price_faults(evidence: Evidence) -> Iterator[str]:
    """Checks past prices as far as they are known for certain. A product at version 1 never had another price, and a
    restock stores the product as it was, so each version has one price."""
    known: dict[tuple[str, int], CatalogueEntry] = {
        (sku, product.version): product for sku, product in evidence.products.items()
    }
    for restock in evidence.restocks:
        now = known.setdefault((restock.sku, restock.product.version), restock.product)
        if (restock.product.sku, restock.product.name, restock.product.price) != (restock.sku, now.name, now.price):
            yield (
                f"{restock.sku}: version {now.version} was {_entry(now)}, but a restock found {restock.product.sku} as "
                f"{_entry(restock.product)}"
            )
    for order_id, order in sorted(evidence.orders.items()):
        for line in order.lines:
            product = evidence.products.get(line.sku)
            if product is None:
                yield f"{order_id}: ordered {line.sku}, but there is no such product"
            elif product.version == 1 and (line.name, line.unit_price) != (product.name, product.price):
                yield (
                    f"{order_id}: {line.sku} was ordered as {line.name} at {dollars(line.unit_price.amount)}, "
                    f"but it has always been {product.name} at {dollars(product.price.amount)}"
                )


def _confirmed(evidence: Evidence) -> Mapping[str, Recorded]:
    """Returns the confirmations of orders, by event id, as far back as counts are kept."""
    return {
        event.event_id: event
        for event in evidence.timeline
        if event.type == "OrderConfirmed" and event.order_id in evidence.orders
        if _compared(event.occurred_at, evidence.at)
    }


def _purchase_faults(evidence: Evidence) -> Iterator[str]:
    """Checks that each confirmed order is counted once, in the minute of its confirmation."""
    confirmed = _confirmed(evidence)
    counted = [(id_, row.minute) for row in evidence.counters if row.of_purchases for id_ in row.counted]
    times = Counter(id_ for id_, _minute in counted)
    for event_id, event in sorted(confirmed.items()):
        if times[event_id] != 1:
            yield f"{event.order_id}: its purchases were counted {times[event_id]} times"
    for event_id, minute in sorted(counted):
        if (found := confirmed.get(event_id)) is None:
            if _compared(minute, evidence.at):
                yield f"{event_id}: its purchases were counted, but no order was confirmed"
        elif minute != (expected := _minute_of(found)):
            yield f"{found.order_id}: its purchases were counted at {shown(minute)}, not at {shown(expected)}"


def _counter_faults(evidence: Evidence) -> Iterator[str]:
    expected, found = _expected(evidence), _found(evidence)
    for key in sorted(key for key in expected | found if expected[key] != found[key]):
        minute, sku, counter = key
        if _compared(minute, evidence.at):
            yield f"{minute:%Y-%m-%dT%H:%M} {sku}: {found[key]} {counter}, but {expected[key]} ids were accepted"


def _expected(evidence: Evidence) -> Tally:
    """What the claimed clicks and the confirmed orders add up to."""
    tally: Tally = Counter((click.minute, click.sku, click.counter) for click in evidence.clicks.values())
    for event in _confirmed(evidence).values():
        skus = {line.sku for line in evidence.orders[event.order_id].lines}
        tally.update((_minute_of(event), sku, "purchases") for sku in skus)
    return tally


def _found(evidence: Evidence) -> Tally:
    tally: Tally = Counter()
    for row in evidence.counters:
        for minute, counters in row.counts.items():
            for counter, skus in counters.items():
                tally.update({(minute, sku, counter): number for sku, number in skus.items()})
    return tally


def _minute_of(event: Recorded) -> datetime:
    return event.occurred_at.replace(second=0, microsecond=0)


def _compared(moment: datetime, now: datetime) -> bool:
    return moment + _KEPT > now
