"""The payment table: one item per order."""

import os
from collections.abc import Callable

from payment.domain import Payment
from shopkit.aws import client
from shopkit.dynamodb import to_item, to_value
from shopkit.rows import read_row

_ATTEMPTS = 5


class Contended(Exception):
    """Others kept changing the payment; trying again later is safe."""


def find(order_id: str) -> Payment | None:
    row = read_row(_table(), order_id=order_id)
    return Payment.model_validate(row) if row else None


def change(order_id: str, rule: Callable[[Payment | None], Payment], *, seen: Payment | None = None) -> Payment:
    """Applies a domain rule in one write, on condition that nobody wrote in between, bookkeeping included: an intent
    and the tombstone cannot pass each other. `seen` saves the first read. Whatever the rule raises passes through.
    Raises Contended after five races."""
    dynamodb = client("dynamodb")
    before = seen
    for _ in range(_ATTEMPTS):
        before = before or find(order_id)
        after = rule(before)
        if after == before:
            return before
        seen_revision = before.revision if before else 0
        after = after.model_copy(update={"revision": seen_revision + 1})
        try:
            dynamodb.put_item(
                TableName=_table(),
                Item=to_item(after.model_dump(mode="json", exclude_none=True)),
                ConditionExpression="attribute_not_exists(order_id) OR revision = :seen",
                ExpressionAttributeValues={":seen": to_value(seen_revision)},
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            before = None
            continue
        return after
    raise Contended(order_id)


def _table() -> str:
    return os.environ["PAYMENTS_TABLE"]
