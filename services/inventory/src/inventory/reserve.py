"""Checkout's first step: every line of an order is held, or none."""

from typing import Any

from contracts.types import Goods, Value
from inventory import domain, store
from shopkit import clock
from shopkit.optimistic import Contended
from shopkit.telemetry import logger, tracer


class StockBusy(Exception):
    """Too many orders want these products at this moment. Nothing was decided; trying again is safe."""


class _Wanted(Value):
    order_id: str
    lines: tuple[Goods, ...]


@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """`{order_id, lines: [{sku, quantity}, …]}` in, `{order_id, status}` out, RESERVED also if it was sold since.

    Raises domain.OutOfStock, domain.ReservationClosed, StockBusy.
    """
    wanted, now = _Wanted.model_validate(event), clock.now()
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
