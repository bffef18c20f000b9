"""Everything that a shop has recorded, for comparison before and after."""

from dataclasses import replace

from audit.evidence import Evidence, gather
from tests.support.shop import RunningShop


def books(shop: RunningShop) -> Evidence:
    """Returns all records, in an order that does not depend on the order of the rows.

    Whether a closed order is unsettled is left out: the reconciler's schedule changes it ten minutes later.
    """
    found = gather(shop.stack)
    return replace(
        found,
        orders={
            order_id: order.model_copy(update={"open": None})
            if order.open and order.open.startswith("unsettled")
            else order
            for order_id, order in found.orders.items()
        },
        timeline=tuple(sorted(found.timeline, key=lambda event: (event.event_id, event.occurred_at))),
        notifications=tuple(sorted(found.notifications, key=lambda one: one.pk)),
        counters=tuple(sorted(found.counters, key=lambda row: (row.pk, row.sk))),
    )
