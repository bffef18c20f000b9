"""Reading rows by their key, and making values of them: a row that is not of its form must not stand in others' way."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from shopkit import dynamodb
from shopkit.aws import client
from shopkit.dynamodb import from_item, to_item
from shopkit.telemetry import logger

# The attributes that keys of the shop's tables are made of.
_KEYS = ("pk", "sk", "order_id", "at_event")

# What BatchGetItem takes (API reference), and the longest page of the front door.
MOST_ROWS_AT_ONCE = 100


class Unreadable(ValueError):
    """A row is not of its form. The message is its key: what else it holds may be personal, or anything at all."""


def read_row(table: str, **key: str) -> dict[str, Any] | None:
    """The row of this key as it is now: every write that has returned is in it."""
    item = client("dynamodb").get_item(TableName=table, Key=to_item(key), ConsistentRead=True).get("Item")
    return from_item(item) if item else None


def read_rows(table: str, keys: Sequence[str], *, consistent: bool = True) -> dict[str, dict[str, Any]]:
    """The rows of these `pk`s, by `pk`; at most MOST_ROWS_AT_ONCE of them."""
    rows: dict[str, dict[str, Any]] = {}
    wanted: Any = {table: {"Keys": [{"pk": {"S": key}} for key in keys], "ConsistentRead": consistent}} if keys else {}
    while wanted:
        answer = client("dynamodb").batch_get_item(RequestItems=wanted)
        rows |= {row["pk"]: row for row in map(from_item, answer["Responses"].get(table, []))}
        wanted = answer.get("UnprocessedKeys")
    return rows


def query(table: str, condition: str, values: Mapping[str, Any], **options: Any) -> Iterator[dict[str, Any]]:
    """All rows that a key condition selects: `dynamodb.query` with this function's own client."""
    return dynamodb.query(client("dynamodb"), table, condition, values, **options)


def loaded[T](row: Mapping[str, Any], load: Callable[[Mapping[str, Any]], T]) -> T:
    """What `load` makes of the row. Raises Unreadable where it raises anything."""
    try:
        return load(row)
    except Exception:  # noqa: BLE001 - a row may hold anything, and so may go wrong in any way
        # Without its cause, which quotes what it refuses.
        raise Unreadable(name_of(row)) from None


def readable[T](rows: Iterable[Mapping[str, Any]], load: Callable[[Mapping[str, Any]], T]) -> Iterator[T]:
    """What `load` makes of the rows. One that is not of its form is left out, and the log says which."""
    for row in rows:
        try:
            yield loaded(row, load)
        except Unreadable as unreadable:
            logger.error("unreadable row left out", row=str(unreadable))


def whole_number(row: Mapping[str, Any], name: str) -> int:
    """Raises Unreadable unless the row has such a number."""
    number = row.get(name)
    if type(number) is not int:
        raise Unreadable(name_of(row))
    return number


def name_of(row: Mapping[str, Any]) -> str:
    """The row's key in one line, for logs."""
    return " ".join(str(row[name]) for name in _KEYS if name in row)
