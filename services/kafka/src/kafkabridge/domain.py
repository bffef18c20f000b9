"""The sales of an order by sku and hour. Pure rules: no AWS, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from contracts.types import OrderLine

# An order has 50 lines at most; DynamoDB writes 100 items in one transaction, of which one is the order's own.
MAX_LINES = 98
# Far above any sale, far below the 38 digits that DynamoDB adds up exactly.
_LARGEST = 10**18
_LONGEST_ID = 256


@dataclass(frozen=True)
class Sale:
    """Units of one sku sold in one hour (UTC), and their revenue in minor units of one currency."""

    sku: str
    hour: datetime
    currency: str
    units: int
    revenue: int

    def returned(self) -> "Sale":
        """Returns the sale with its counts negated."""
        return Sale(self.sku, self.hour, self.currency, -self.units, -self.revenue)


def sales(order_id: str, lines: Iterable[OrderLine], at: datetime) -> list[Sale]:
    """Returns the sales of a confirmed order in the hour of its confirmation: one per sku and currency.

    Raises ValueError for values that the shop never writes and the table cannot hold. Another producer of the topic may
    send them, and they are set aside as poison instead of being retried for ever.
    """
    hour = at.replace(minute=0, second=0, microsecond=0)
    totals: dict[tuple[str, str], tuple[int, int]] = {}
    for line in lines:
        key = (line.sku, line.unit_price.currency)
        units, revenue = totals.get(key, (0, 0))
        totals[key] = (units + line.quantity, revenue + line.quantity * line.unit_price.amount)
    found = [Sale(sku, hour, currency, units, revenue) for (sku, currency), (units, revenue) in totals.items()]
    if not 1 <= len(found) <= MAX_LINES:
        raise ValueError(f"an order of {len(found)} lines")
    for sale in found:
        if abs(sale.revenue) > _LARGEST or sale.units > _LARGEST:
            raise ValueError(f"more than can be counted: {sale.units} units for {sale.revenue}")
        require_id(sale.sku, "sku")
    require_id(order_id, "order id")
    return found


def require_id(value: str, what: str) -> None:
    """Raises ValueError if the value cannot be part of a key."""
    if not 1 <= len(value.encode()) <= _LONGEST_ID:
        raise ValueError(f"{what} of {len(value)} characters")
