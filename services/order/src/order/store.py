"""The order table: orders by id, by customer, by age and by need, and the catalogue replica beside them."""

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import batched
from typing import Any

from contracts.orders_stream import OrderStatus
from contracts.types import rfc3339
from order.domain import CatalogueEntry, Need, Order
from shopkit.aws import client
from shopkit.dynamodb import from_item, item_in, to_item, to_value
from shopkit.optimistic import Row, change_row
from shopkit.rows import MOST_ROWS_AT_ONCE, loaded, query, read_row, read_rows, readable

_OPEN = {OrderStatus.PLACED, OrderStatus.AWAITING_REVIEW}

type Position = tuple[str, str]


class AlreadyPlaced(Exception):
    """An order with this id exists: `order`."""

    def __init__(self, order: Order) -> None:
        super().__init__(order.order_id)
        self.order = order


def key_of(order_id: str) -> str:
    return f"order#{order_id}"


def row_of(order: Order, revision: int) -> dict[str, Any]:
    """Returns the stored row. `open` exists only for open and unsettled orders, and `needs` only while a person must
    act, which keeps their indexes sparse. `revision` counts every write, also those that leave the order's version
    unchanged."""
    return {
        **order.model_dump(mode="json", exclude_none=True),
        "pk": key_of(order.order_id),
        "revision": revision,
        "all_orders": "all",
        "open": "open" if order.status in _OPEN else "unsettled" if order.unsettled else None,
        "needs": order.needs,
    }


def _unnumbered(order: Order) -> Row:
    return row_of(order, revision=0)


def order_in(row: Row) -> Order:
    return Order.model_validate(row)


def find(order_id: str) -> Order | None:
    """Raises Unreadable."""
    row = find_row(order_id)
    return loaded(row, order_in) if row else None


def find_row(order_id: str) -> Row | None:
    return read_row(_table(), pk=key_of(order_id))


def add(order: Order) -> None:
    """Writes the order if its id is free. The same write is the idempotency record.

    Raises AlreadyPlaced, Unreadable.
    """
    dynamodb = client("dynamodb")
    try:
        dynamodb.put_item(
            TableName=_table(),
            Item=to_item(row_of(order, revision=1)),
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as taken:
        raise AlreadyPlaced(loaded(from_item(item_in(taken)), order_in)) from taken


def change(order_id: str, rule: Callable[[Order], Order], *, seen: Row | None = None) -> Order:
    """Applies a domain rule in one conditional write, and returns the order. Of two concurrent changes, the second is
    applied to the result of the first. `seen` saves the first read.

    Raises KeyError if the order does not exist, Contended after five lost races, Unreadable, and whatever the rule
    raises.
    """

    def existing(order: Order | None) -> Order:
        if order is None:
            raise KeyError(order_id)
        return rule(order)

    return change_row(_table(), {"pk": key_of(order_id)}, existing, load=order_in, dump=_unnumbered, seen=seen)


def newest(customer_id: str | None, limit: int, after: Position | None) -> tuple[list[Order], Position | None]:
    """Returns a page of one customer's orders, or of all orders (None), newest first, and where the next page starts.
    Invalid rows are left out but count towards the limit, so a page may be short."""
    if customer_id:
        return _page("by_customer", ("customer_id", customer_id), limit, after)
    return _page("by_placement", ("all_orders", "all"), limit, after)


def needing(what: Need, limit: int, after: Position | None) -> tuple[list[Order], Position | None]:
    """Returns such a page of the orders that need this from a person. The index may be a moment behind. Orders that no
    longer need it are left out."""
    orders, following = _page("by_need", ("needs", what), limit, after)
    return [order for order in orders if order.needs == what], following


def _page(index: str, key: tuple[str, str], limit: int, after: Position | None) -> tuple[list[Order], Position | None]:
    name, value = key
    start = (
        {"ExclusiveStartKey": to_item({"pk": key_of(after[1]), name: value, "placed_at": after[0]})} if after else {}
    )
    found = client("dynamodb").query(
        TableName=_table(),
        IndexName=index,
        KeyConditionExpression="#name = :value",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":value": to_value(value)},
        ScanIndexForward=False,
        Limit=limit,
        **start,  # type: ignore[arg-type]
    )
    keys = [from_item(item)["pk"] for item in found["Items"]]
    rows = read_rows(_table(), keys)
    last = from_item(found["LastEvaluatedKey"]) if "LastEvaluatedKey" in found else None
    return (
        list(readable((rows[key] for key in keys if key in rows), order_in)),
        (last["placed_at"], last["pk"].removeprefix("order#")) if last else None,
    )


def open_since_before(moment: datetime) -> Iterator[Order]:
    """Yields the open orders placed before `moment`, oldest first, then the closed orders that are unsettled."""
    for state in ("open", "unsettled"):
        yield from _placed_before(moment, state)


def _placed_before(moment: datetime, state: str) -> Iterator[Order]:
    found = query(
        _table(),
        "#open = :open AND placed_at < :moment",
        {":open": state, ":moment": rfc3339(moment)},
        IndexName="open_by_age",
        ExpressionAttributeNames={"#open": "open"},
        PaginationConfig={"PageSize": MOST_ROWS_AT_ONCE},
    )
    for some in batched(found, MOST_ROWS_AT_ONCE, strict=False):
        keys = [row["pk"] for row in some]
        rows = read_rows(_table(), keys)
        yield from readable((rows[key] for key in keys if key in rows), order_in)


def catalogue(skus: Iterable[str]) -> dict[str, CatalogueEntry]:
    """Returns the catalogue entries of these products. Unknown ones are left out."""
    rows = read_rows(_table(), [f"product#{sku}" for sku in skus])
    return {entry.sku: entry for entry in readable(rows.values(), CatalogueEntry.model_validate)}


def learn(entry: CatalogueEntry) -> bool:
    """Stores a product unless a newer version is known. Returns whether it was stored."""
    dynamodb = client("dynamodb")
    try:
        dynamodb.put_item(
            TableName=_table(),
            Item=to_item({"pk": f"product#{entry.sku}", **entry.model_dump(mode="json")}),
            ConditionExpression="attribute_not_exists(pk) OR version < :version",
            ExpressionAttributeValues={":version": to_value(entry.version)},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def keep_review_token(order_id: str, execution: str, token: str) -> bool:
    """Stores the task token of an order's review. Returns false if another execution already waits."""
    dynamodb = client("dynamodb")
    try:
        dynamodb.put_item(
            TableName=_table(),
            Item=to_item({"pk": f"review#{order_id}", "execution": execution, "token": token}),
            ConditionExpression="attribute_not_exists(pk) OR #execution = :execution",
            ExpressionAttributeNames={"#execution": "execution"},
            ExpressionAttributeValues={":execution": to_value(execution)},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def review_token(order_id: str) -> str | None:
    row = read_row(_table(), pk=f"review#{order_id}")
    return loaded(row, lambda row: str(row["token"])) if row else None


def _table() -> str:
    return os.environ["ORDERS_TABLE"]
