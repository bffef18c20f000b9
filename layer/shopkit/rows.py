"""Reading rows and converting them to values. An invalid row must not make its neighbours unreadable."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from shopkit import dynamodb
from shopkit.aws import client
from shopkit.dynamodb import from_item, to_item
from shopkit.telemetry import logger

# The attributes that keys of the shop's tables are made of.
_KEYS = ("pk", "sk", "order_id", "at_event")

# The limit of BatchGetItem (API reference), and of a page of the API.
MOST_ROWS_AT_ONCE = 100


class Unreadable(ValueError):
    """A row is invalid. The message is only its key, because other attributes may be personal data."""


def read_row(table: str, **key: str) -> dict[str, Any] | None:
    """Returns the row with this key, or None. The read is strongly consistent."""
    item = client("dynamodb").get_item(TableName=table, Key=to_item(key), ConsistentRead=True).get("Item")
    return from_item(item) if item else None


def read_rows(table: str, keys: Sequence[str], *, consistent: bool = True) -> dict[str, dict[str, Any]]:
    """Returns the rows of these `pk`s, by `pk`; at most MOST_ROWS_AT_ONCE of them."""
    rows: dict[str, dict[str, Any]] = {}
    wanted: Any = {table: {"Keys": [{"pk": {"S": key}} for key in keys], "ConsistentRead": consistent}} if keys else {}
    while wanted:
        answer = client("dynamodb").batch_get_item(RequestItems=wanted)
        rows |= {row["pk"]: row for row in map(from_item, answer["Responses"].get(table, []))}
        wanted = answer.get("UnprocessedKeys")
    return rows


def query(table: str, condition: str, values: Mapping[str, Any], **options: Any) -> Iterator[dict[str, Any]]:
    """Yields all rows that a key condition selects: `dynamodb.query` with this function's own client."""
    return dynamodb.query(client("dynamodb"), table, condition, values, **options)


def loaded[T](row: Mapping[str, Any], load: Callable[[Mapping[str, Any]], T]) -> T:
    """Returns the row converted by `load`. Raises Unreadable if `load` raises anything."""
    try:
        return load(row)
    except Exception:  # noqa: BLE001 - an invalid row may raise anything
        # Without the cause, whose message may quote the row.
        raise Unreadable(name_of(row)) from None


def readable[T](rows: Iterable[Mapping[str, Any]], load: Callable[[Mapping[str, Any]], T]) -> Iterator[T]:
    """Yields the rows converted by `load`. Invalid rows are left out and logged."""
    for row in rows:
        try:
            yield loaded(row, load)
        except Unreadable as unreadable:
            logger.error("unreadable row left out", row=str(unreadable))


def whole_number(row: Mapping[str, Any], name: str) -> int:
    """Returns a whole number from the row. Raises Unreadable if it has none."""
    number = row.get(name)
    if type(number) is not int:
        raise Unreadable(name_of(row))
    return number


def name_of(row: Mapping[str, Any]) -> str:
    """Returns the row's key in one line, for logs."""
    return " ".join(str(row[name]) for name in _KEYS if name in row)
