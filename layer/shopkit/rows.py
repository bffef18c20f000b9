"""Reading many rows of a table whose key is `pk` at once."""

from collections.abc import Sequence
from typing import Any

from shopkit.aws import client
from shopkit.dynamodb import from_item


def rows_of(table: str, keys: Sequence[str], *, consistent: bool = True) -> dict[str, dict[str, Any]]:
    """The rows of these keys, by key; at most 100 of them, which is BatchGetItem's limit and the longest page."""
    rows: dict[str, dict[str, Any]] = {}
    wanted: Any = {table: {"Keys": [{"pk": {"S": key}} for key in keys], "ConsistentRead": consistent}} if keys else {}
    while wanted:
        answer = client("dynamodb").batch_get_item(RequestItems=wanted)
        rows |= {row["pk"]: row for row in map(from_item, answer["Responses"].get(table, []))}
        wanted = answer.get("UnprocessedKeys")
    return rows
