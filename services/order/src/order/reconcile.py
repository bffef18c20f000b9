"""On a schedule: makes sure that no order stays open for ever.

If an order's checkout is overdue, the event that started it is published again, with the same id. After a few restarts
the order is rejected, and the rejection settles money and goods. A held order has its own, longer limit. If the payment
of a closed order has reported no settlement, the closing event is published again: the settlement may have died.
"""

import os
from datetime import timedelta
from typing import Any

from contracts.orders_stream import OrderStatus
from order import domain, store
from order.domain import Order
from order.events import checkout_event, closing_event
from shopkit import clock
from shopkit.bus import publish, publishing
from shopkit.telemetry import logger, tracer


@tracer.capture_lambda_handler(capture_response=False)
def handler(_event: dict[str, Any], _context: object) -> dict[str, int]:
    """Returns how many orders it restarted and rejected."""
    limits = domain.Limits(
        checkout=timedelta(seconds=int(os.environ["CHECKOUT_LIMIT_SECONDS"])),
        review=timedelta(seconds=int(os.environ["REVIEW_LIMIT_SECONDS"])),
        restarts=int(os.environ["MAX_RESTARTS"]),
    )
    outcome = {"restarted": 0, "rejected": 0}
    failed: list[Exception] = []
    for found in store.open_since_before(clock.now() - min(limits.checkout, limits.review)):
        # A failure at one order must not stop the others.
        try:
            if what := _reconcile(found, limits):
                outcome[what] += 1
        except Exception as error:  # noqa: BLE001 - raised below, with all others
            logger.exception("not reconciled", order_id=found.order_id)
            failed.append(error)
    logger.info("reconciled", outcome=outcome)
    if failed:
        raise ExceptionGroup("orders that were not reconciled", failed)
    return outcome


def _reconcile(found: Order, limits: domain.Limits) -> str | None:
    due = domain.reconciled(found, limits, clock.now())
    if due == found:
        return None
    if restarted := due.restarts > found.restarts:
        # Published before it is counted: an outage of the bus must not use up an order's restarts.
        repeated = [closing_event(found) if found.unsettled else checkout_event(found)]
        with publishing(repeated):
            publish(repeated)
    order = store.change(found.order_id, lambda order: domain.reconciled(order, limits, clock.now()))
    if found.unsettled:
        logger.info("closing repeated", order_id=found.order_id)
        return None
    if restarted:
        return "restarted"
    return "rejected" if due.status is order.status is OrderStatus.REJECTED else None
