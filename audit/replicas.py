"""7. Derived data equals its source: the catalogue replica, and the counts of clicks and purchases."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from audit.contents import shown
from audit.evidence import CatalogueEntry, Counted, Evidence
from audit.result import CheckResult
from deployed.words import count, dollars

COUNTERS = ("views", "carts", "checkouts", "purchases")
# Counters are kept for two days. Older counters, and those of an hour that has begun to expire, are not compared.
_KEPT = timedelta(days=2) - timedelta(hours=1)

type Tally = Counter[tuple[str, str, str]]
"""How much, by table key and counter."""


def check(evidence: Evidence) -> CheckResult:
    figures = (
        f"{count(len(evidence.products), 'product')}, {len(evidence.replica):,} known to orders; "
        f"{count(sum(key.startswith('click#') for key in evidence.counted), 'click')} and "
        f"{count(sum(key.startswith('purchase#') for key in evidence.counted), 'purchase')} counted"
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


def _purchase_faults(evidence: Evidence) -> Iterator[str]:
    """Checks that each confirmed order is counted as one purchase of each of its skus."""
    confirmed = {
        f"purchase#{event.event_id}#{line.sku}": event
        for event in evidence.timeline
        if event.type == "OrderConfirmed" and _compared(event.occurred_at, evidence.at)
        for line in (evidence.orders[event.order_id].lines if event.order_id in evidence.orders else ())
    }
    for key in sorted(confirmed.keys() - evidence.counted.keys()):
        yield f"{confirmed[key].order_id}: its purchase of {key.rpartition('#')[2]} was not counted"
    for key, event in sorted(confirmed.items()):
        counted, sku = evidence.counted.get(key), key.rpartition("#")[2]
        expected = Counted(counter="purchases", sku=sku, minute=event.occurred_at.replace(second=0, microsecond=0))
        if counted and counted != expected:
            yield f"{event.order_id}: its purchase was counted as {shown(counted)}, not as {shown(expected)}"
    for key, counted in sorted(evidence.counted.items()):
        if key.startswith("purchase#") and key not in confirmed and _compared(counted.minute, evidence.at):
            yield f"{key}: counted, but no order was confirmed"


def _counter_faults(evidence: Evidence) -> Iterator[str]:
    expected = _expected(evidence.counted, evidence.at)
    found: Tally = Counter()
    for row in evidence.counters:
        if _compared(_moment(row.pk, row.sk), evidence.at):
            found.update({(row.pk, row.sk, counter): row.count(counter) for counter in COUNTERS})
    for pk, sk, counter in sorted(key for key in expected | found if expected[key] != found[key]):
        yield f"{pk} {sk}: {found[pk, sk, counter]} {counter}, but {expected[pk, sk, counter]} ids were counted"


def _expected(counted: Mapping[str, Counted], now: datetime) -> Tally:
    tally: Tally = Counter()
    for one in counted.values():
        for pk, sk in (
            (f"hour#{one.minute:%Y-%m-%dT%H}", f"{one.minute:%M}#{one.sku}"),
            (f"day#{one.minute:%Y-%m-%d}", f"{one.minute:%H}#{one.sku}"),
        ):
            if _compared(_moment(pk, sk), now):
                tally[pk, sk, one.counter] += 1
    return tally


def _moment(pk: str, sk: str) -> datetime:
    """Returns when a counter's minute or hour began."""
    kind, _, period = pk.partition("#")
    unit = sk.partition("#")[0]
    return datetime.fromisoformat(f"{period}:{unit}+00:00" if kind == "hour" else f"{period}T{unit}:00+00:00")


def _compared(moment: datetime, now: datetime) -> bool:
    return moment + _KEPT > now
