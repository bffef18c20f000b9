"""The order table: orders by id, by customer, by age and by need, and the catalogue replica beside them."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from heapq import merge
from itertools import batched
from typing import Any

from contracts.orders_stream import OrderStatus
from contracts.types import rfc3339
from order.domain import CatalogueEntry, Need, Order
from shopkit import shards
from shopkit.aws import client
from shopkit.dynamodb import from_item, item_in, to_item, to_value
from shopkit.optimistic import Row, change_row
from shopkit.rows import MOST_ROWS_AT_ONCE, loaded, query, read_row, read_rows, readable
from shopkit.shards import Position

_OPEN = {OrderStatus.PLACED, OrderStatus.AWAITING_REVIEW}

# The most that the parameter KeyShards allows. Readers look into all of them, so that it may be raised and lowered on a
# running shop. May be raised here, never lowered.
MOST_KEY_SHARDS = 8


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
    listed = "open" if order.status in _OPEN else "unsettled" if order.unsettled else None
    return {
        **order.model_dump(mode="json", exclude_none=True),
        "pk": key_of(order.order_id),
        "revision": revision,
        "all_orders": shards.key_of("all", order.key_shard),
        "open": shards.key_of(listed, order.key_shard) if listed else None,
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
    """Writes the order if its id is free. The same write is the idempotency record. The order keeps its shard of the
    indexes, however many there will be.

    Raises AlreadyPlaced, Unreadable.
    """
    dynamodb, shard = client("dynamodb"), shards.shard_of(order.order_id, int(os.environ["KEY_SHARDS"]))
    try:
        dynamodb.put_item(
            TableName=_table(),
            Item=to_item(row_of(order.model_copy(update={"key_shard": shard}), revision=1)),
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
        return _page("by_customer", "customer_id", [customer_id], limit, after)
    return _page("by_placement", "all_orders", shards.keys_of("all", MOST_KEY_SHARDS), limit, after)


def needing(what: Need, limit: int, after: Position | None) -> tuple[list[Order], Position | None]:
    """Returns such a page of the orders that need this from a person. The index may be a moment behind. Orders that no
    longer need it are left out."""
    orders, following = _page("by_need", "needs", [what], limit, after)
    return [order for order in orders if order.needs == what], following


def _page(
    index: str, name: str, values: Sequence[str], limit: int, after: Position | None
) -> tuple[list[Order], Position | None]:
    """Merges the pages of several keys, each of which may have to provide all rows."""
    shown = shards.shown(after)
    found = [
        _newest_keys(index, {name: value}, limit, after and after[0], shown.get(shard))
        for shard, value in enumerate(values)
    ]
    taken = shards.newest_of([keys for keys, _ in found], limit, time="placed_at")
    more = any(unread for _, unread in found) or sum(len(keys) for keys, _ in found) > len(taken)
    keys = [key_of(row["order_id"]) for _, row in taken]
    rows = read_rows(_table(), keys)
    return (
        list(readable((rows[key] for key in keys if key in rows), order_in)),
        shards.position(taken, after, time="placed_at", id_="order_id") if more else None,
    )


def _newest_keys(
    index: str, key: dict[str, str], limit: int, until: str | None, behind: str | None
) -> tuple[list[dict[str, str]], bool]:
    """Returns one key's newest rows in the index, with `placed_at` and `order_id`, and whether there are more: those
    placed `until` then, and of those placed right then, the rows that follow the order `behind`."""
    ((name, value),) = key.items()
    start = (
        {"ExclusiveStartKey": to_item({"pk": key_of(behind), **key, "placed_at": until})} if until and behind else {}
    )
    found = client("dynamodb").query(
        TableName=_table(),
        IndexName=index,
        KeyConditionExpression="#name = :value" + (" AND placed_at <= :until" if until else ""),
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues=to_item({":value": value, ":until": until}),
        ScanIndexForward=False,
        Limit=limit,
        **start,  # type: ignore[arg-type]
    )
    rows = [from_item(item) for item in found["Items"]]
    return (
        [{"placed_at": row["placed_at"], "order_id": row["pk"].removeprefix("order#")} for row in rows],
        "LastEvaluatedKey" in found,
    )


def open_since_before(moment: datetime) -> Iterator[Order]:
    """Yields the open orders placed before `moment`, oldest first, then the closed orders that are unsettled."""
    for state in ("open", "unsettled"):
        found = (_placed_before(moment, key) for key in shards.keys_of(state, MOST_KEY_SHARDS))
        for some in batched(merge(*found, key=lambda row: row["placed_at"]), MOST_ROWS_AT_ONCE, strict=False):
            keys = [row["pk"] for row in some]
            rows = read_rows(_table(), keys)
            yield from readable((rows[key] for key in keys if key in rows), order_in)


def _placed_before(moment: datetime, key: str) -> Iterator[dict[str, Any]]:
    return query(
        _table(),
        "#open = :open AND placed_at < :moment",
        {":open": key, ":moment": rfc3339(moment)},
        IndexName="open_by_age",
        ExpressionAttributeNames={"#open": "open"},
        PaginationConfig={"PageSize": MOST_ROWS_AT_ONCE},
    )


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
