"""The sales table: units and revenue by sku and hour, and whether each order counts."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from contracts.types import rfc3339
from kafkabridge.domain import Sale
from shopkit.aws import client
from shopkit.backoff import pause
from shopkit.dynamodb import cancellation_codes, to_item
from shopkit.rows import loaded, read_row

_ATTEMPTS = 5


@dataclass(frozen=True)
class _Counted:
    """Whether an order counts (SOLD, WITHDRAWN), and its sales."""

    status: str
    sales: Sequence[Sale]


def sell(order_id: str, sales: Sequence[Sale], seen: Mapping[str, Any]) -> bool:
    """Counts an order's sales, unless the order was counted or cancelled before. Returns whether it did. `seen`
    identifies the record, and is stored with the order.

    Raises TransactionCanceledException if concurrent writes to the same counters keep winning. Then nothing was
    counted."""
    order = {
        "pk": _key(order_id),
        "sk": "order",
        "status": "SOLD",
        "sales": [
            {
                "sku": sale.sku,
                "hour": rfc3339(sale.hour),
                "currency": sale.currency,
                "units": sale.units,
                "revenue": sale.revenue,
            }
            for sale in sales
        ],
        "seen": dict(seen),
    }
    return _write(_put_new(order), sales)


def withdraw(order_id: str, seen: Mapping[str, Any]) -> bool:
    """Takes back an order's sales. Returns whether there were any. An order that was not counted is marked, so that a
    late confirmation, as from a redrive, is not counted. Raises what `sell` raises, and Unreadable."""
    order = _order(order_id)
    if order is None:
        if _write(_put_new({"pk": _key(order_id), "sk": "order", "status": "WITHDRAWN", "seen": dict(seen)}), ()):
            return False
        order = _order(order_id)
    if order is None or order.status != "SOLD":
        return False
    update: dict[str, Any] = {
        "TableName": _table(),
        "Key": to_item({"pk": _key(order_id), "sk": "order"}),
        "ConditionExpression": "#status = :sold",
        "UpdateExpression": "SET #status = :withdrawn, withdrawn_by = :seen",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": to_item({":sold": "SOLD", ":withdrawn": "WITHDRAWN", ":seen": dict(seen)}),
    }
    return _write({"Update": update}, [sale.returned() for sale in order.sales])


def _write(order: dict[str, Any], sales: Iterable[Sale]) -> bool:
    """Writes the order's row and its counters, all or nothing. Returns False if the order's condition fails."""
    dynamodb = client("dynamodb")
    items: list[Any] = [order, *map(_addition, sales)]
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            dynamodb.transact_write_items(TransactItems=items)
        except dynamodb.exceptions.TransactionCanceledException as cancelled:
            codes = cancellation_codes(cancelled)
            if codes[:1] == ["ConditionalCheckFailed"]:
                return False
            if attempt == _ATTEMPTS or "TransactionConflict" not in codes:
                raise
            # Other partitions write the same hour's counters.
            pause(attempt)
        else:
            return True
    raise AssertionError("unreachable")


def _put_new(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "Put": {"TableName": _table(), "Item": to_item(row), "ConditionExpression": "attribute_not_exists(pk)"},
    }


def _addition(sale: Sale) -> dict[str, Any]:
    counts = {"units": sale.units, "revenue": sale.revenue}
    facts = {"sku": sale.sku, "hour": rfc3339(sale.hour), "currency": sale.currency}
    add = ", ".join(f"#{name} :{name}" for name in counts)
    keep = ", ".join(f"#{name} = :{name}" for name in facts)
    return {
        "Update": {
            "TableName": _table(),
            "Key": to_item({"pk": _day(sale.hour), "sk": f"{sale.hour:%H}#{sale.sku}#{sale.currency}"}),
            "UpdateExpression": f"ADD {add} SET {keep}",
            # By placeholder, because HOUR is a reserved word.
            "ExpressionAttributeNames": {f"#{name}": name for name in counts | facts},
            "ExpressionAttributeValues": to_item({f":{name}": value for name, value in (counts | facts).items()}),
        }
    }


def _order(order_id: str) -> _Counted | None:
    """Raises Unreadable."""
    row = read_row(_table(), pk=_key(order_id), sk="order")
    return loaded(row, _counted_in) if row else None


def _counted_in(row: Mapping[str, Any]) -> _Counted:
    return _Counted(row["status"], [_sale_in(sale) for sale in row.get("sales", [])])


def _sale_in(row: Mapping[str, Any]) -> Sale:
    return Sale(row["sku"], datetime.fromisoformat(row["hour"]), row["currency"], row["units"], row["revenue"])


def _key(order_id: str) -> str:
    return f"order#{order_id}"


def _day(day: date) -> str:
    return f"day#{day:%Y-%m-%d}"


def _table() -> str:
    return os.environ["SALES_TABLE"]
