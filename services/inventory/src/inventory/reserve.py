"""Checkout's first step: reserves all lines of an order, or none."""

from contracts.types import Goods
from inventory import domain, store
from shopkit import clock
from shopkit.optimistic import Contended
from shopkit.task import OrderTask, task
from shopkit.telemetry import logger


class StockBusy(Exception):
    """Too many orders want these products now. Nothing was decided; a retry is safe."""


class GoodsWanted(OrderTask):
    """The goods to reserve for an order."""

    lines: tuple[Goods, ...]


@task(GoodsWanted)
def handler(wanted: GoodsWanted) -> dict[str, str]:
    """Returns `{order_id, status: "RESERVED"}`, also where the goods were sold since.

    Raises domain.OutOfStock, domain.ReservationClosed, StockBusy.
    """
    now = clock.now()
    try:
        decision = store.decide(
            domain.reserved(wanted.order_id, wanted.lines, now),
            refusal=lambda short: domain.rejected(wanted.order_id, wanted.lines, short, now),
        )
    except Contended as contended:
        raise StockBusy(wanted.order_id) from contended
    logger.info("reservation decided", order_id=wanted.order_id, status=decision.status)
    domain.require_reserved(decision)
    return {"order_id": wanted.order_id, "status": "RESERVED"}
