"""The payment table: one item per order."""

import os
from collections.abc import Callable

from payment.domain import Payment
from shopkit.optimistic import Row, change_row
from shopkit.rows import loaded, read_row


def find(order_id: str) -> Payment | None:
    """Raises Unreadable."""
    row = read_row(_table(), order_id=order_id)
    return loaded(row, Payment.model_validate) if row else None


def change(order_id: str, rule: Callable[[Payment | None], Payment], *, seen: Payment | None = None) -> Payment:
    """Applies a domain rule in one conditional write, and returns the payment. The condition covers every earlier
    write, so an intent and the tombstone are never written unaware of each other. `seen` saves the first read.

    Raises Contended after five lost races, Unreadable, and whatever the rule raises.
    """
    return change_row(
        _table(),
        {"order_id": order_id},
        rule,
        load=Payment.model_validate,
        dump=_row_of,
        seen=_row_of(seen) if seen else None,
    )


def _row_of(payment: Payment) -> Row:
    return payment.model_dump(mode="json", exclude_none=True)


def _table() -> str:
    return os.environ["PAYMENTS_TABLE"]
