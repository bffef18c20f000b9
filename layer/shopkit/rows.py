"""Reading rows by their key."""

from collections.abc import Sequence
from typing import Any

from shopkit.aws import client
from shopkit.dynamodb import from_item, to_item


def read_row(table: str, **key: str) -> dict[str, Any] | None:
    """The row of this key as it is now: every write that has returned is in it."""
    item = client("dynamodb").get_item(TableName=table, Key=to_item(key), ConsistentRead=True).get("Item")
    return from_item(item) if item else None


def read_rows(table: str, keys: Sequence[str], *, consistent: bool = True) -> dict[str, dict[str, Any]]:
    """The rows of these `pk`s, by `pk`; at most 100 of them, which is BatchGetItem's limit and the longest page."""
    rows: dict[str, dict[str, Any]] = {}
    wanted: Any = {table: {"Keys": [{"pk": {"S": key}} for key in keys], "ConsistentRead": consistent}} if keys else {}
    while wanted:
        answer = client("dynamodb").batch_get_item(RequestItems=wanted)
        rows |= {row["pk"]: row for row in map(from_item, answer["Responses"].get(table, []))}
        wanted = answer.get("UnprocessedKeys")
    return rows
