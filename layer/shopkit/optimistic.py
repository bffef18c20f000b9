"""Optimistic concurrency: read a row, apply a rule, and write on condition that the row has not changed meanwhile."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from shopkit.aws import client
from shopkit.backoff import pause
from shopkit.dynamodb import to_item, to_value
from shopkit.rows import loaded, read_row, whole_number

type Row = Mapping[str, Any]

_ATTEMPTS = 5
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.32


class Contended(Exception):
    """Concurrent writes to the same rows kept winning. Nothing was changed; a later retry is safe."""


def change_row[T](
    table: str,
    key: Mapping[str, str],
    rule: Callable[[T | None], T],
    *,
    load: Callable[[Row], T],
    dump: Callable[[T], Row],
    seen: Row | None = None,
) -> T:
    """Applies a rule to the value of a row (None if there is no row) and writes the result.

    Returns the value that the row then holds. The row's `revision` counts every write. Of two concurrent changes, the
    second is applied to the result of the first. If the row already holds the result, nothing is written.

    `load` and `dump` convert a row to a value and back. `seen` is a row that was read before; it saves the first read.
    Raises Contended after five lost races, Unreadable, and whatever the rule raises.
    """
    tried: tuple[T, int] | None = None
    for _ in attempts():
        row = seen or read_row(table, **key)
        seen = None
        before = loaded(row, load) if row else None
        revision = whole_number(row, "revision") if row else 0
        # The SDK repeats a write whose response was lost; the repetition then finds the first write.
        if before is not None and tried == (before, revision):
            return before
        after = rule(before)
        if after == before:
            return after
        changed = {**dump(after), **key, "revision": revision + 1}
        after = load(changed)
        tried = (after, revision + 1)
        try:
            put_row(table, changed, key=next(iter(key)), seen=revision if row else None)
        except Contended:
            continue
        return after
    raise Contended(*key.values())


def put_row(table: str, row: Row, *, key: str, seen: int | None, counter: str = "revision") -> None:
    """Writes the row if its `counter` still equals `seen`, or, with None, if there is no row. `key` names an attribute
    of the table's key. Raises Contended if the row has changed."""
    dynamodb = client("dynamodb")
    unchanged: dict[str, Any] = {"ConditionExpression": f"attribute_not_exists({key})"}
    if seen is not None:
        unchanged = {
            "ConditionExpression": f"{counter} = :seen",
            "ExpressionAttributeValues": {":seen": to_value(seen)},
        }
    try:
        dynamodb.put_item(TableName=table, Item=to_item(row), **unchanged)
    except (
        dynamodb.exceptions.ConditionalCheckFailedException,
        dynamodb.exceptions.TransactionConflictException,
    ) as raced:
        raise Contended(row[key]) from raced


def attempts() -> Iterator[int]:
    """Yields the number of each attempt, with growing pauses between them."""
    yield 1
    for failed in range(1, _ATTEMPTS):
        pause(failed, first=_FIRST_PAUSE_SECONDS, longest=_LONGEST_PAUSE_SECONDS)
        yield failed + 1
