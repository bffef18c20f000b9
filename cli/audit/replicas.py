"""7. What is derived equals what it is derived from: the catalogue replica, and the counts of clicks."""

from collections.abc import Iterator

from cli.audit.evidence import CatalogueEntry, Evidence
from cli.audit.result import CheckResult, count


def check(evidence: Evidence) -> CheckResult:
    figures = f"{count(len(evidence.products), 'product')}, {len(evidence.replica):,} known to orders"
    return CheckResult(7, "replicas", figures, tuple(_catalogue_faults(evidence)))


def _catalogue_faults(evidence: Evidence) -> Iterator[str]:
    for sku in sorted(evidence.products.keys() | evidence.replica.keys()):
        sold, known = evidence.products.get(sku), evidence.replica.get(sku)
        if sold is None or known is None:
            yield f"{sku}: {'orders do not know it' if sold else 'orders know it, but there is no such product'}"
        elif CatalogueEntry(sku=sku, name=sold.name, price=sold.price, version=sold.version) != known:
            yield f"{sku}: sold as version {sold.version}, known to orders as version {known.version}"
