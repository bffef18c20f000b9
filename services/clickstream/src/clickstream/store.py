"""The clickstream table: counters per sku by minute and by hour, and the ids of everything counted."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any, get_args

from clickstream.domain import Counter, Occurrence, Span, units
from contracts.types import rfc3339
from shopkit import clock
from shopkit.aws import client
from shopkit.backoff import pause
from shopkit.dynamodb import cancellation_codes, to_item
from shopkit.rows import query, readable, whole_number

# A transaction has at most 100 actions (API reference, TransactWriteItems). One occurrence may need three.
MAX_AT_ONCE = 33
# Twice the longest window. Ids are kept longer than any window shows their counts.
_COUNTERS_LAST = timedelta(days=2)
_IDS_LAST = timedelta(days=7)
_ATTEMPTS = 4
# About 4 MB, which take some seconds to read.
_MOST_ROWS = 40_000
_COUNTERS: tuple[Counter, ...] = get_args(Counter)


def count(occurrences: Sequence[Occurrence]) -> int:
    """Counts those that were not counted before, all in one transaction. Returns how many.

    Takes at most MAX_AT_ONCE. Raises TransactionCanceledException if concurrent writes to the same counters keep
    winning. Then nothing was counted, and a retry is safe.
    """
    assert len(occurrences) <= MAX_AT_ONCE
    fresh = {occurrence.id: occurrence for occurrence in occurrences}
    dynamodb = client("dynamodb")
    attempt = 1
    while fresh:
        try:
            dynamodb.transact_write_items(TransactItems=[*_ids(fresh.values()), *_additions(fresh.values())])
        except dynamodb.exceptions.TransactionCanceledException as cancelled:
            codes = cancellation_codes(cancelled)
            known = [key for key, code in zip(fresh, codes, strict=False) if code == "ConditionalCheckFailed"]
            for key in known:
                del fresh[key]
            if not known:
                if attempt == _ATTEMPTS or "TransactionConflict" not in codes:
                    raise
                pause(attempt)
                attempt += 1
        else:
            return len(fresh)
    return 0


def counted(spans: Iterable[Span]) -> Iterator[tuple[str, Mapping[Counter, int]]]:
    """Yields each sku and its counts, once per unit of the spans, newest first. The oldest are left out if clicks with
    invented skus have made more rows than one response can read."""
    yield from islice(_rows(spans), _MOST_ROWS)


def _rows(spans: Iterable[Span]) -> Iterator[tuple[str, Mapping[Counter, int]]]:
    for span in reversed(list(spans)):
        found = query(
            _table(),
            "pk = :period AND sk BETWEEN :first AND :last",
            # After every sku of the last unit: no sku has a tilde.
            {":period": span.period, ":first": span.first, ":last": f"{span.last}~"},
            ScanIndexForward=False,
        )
        yield from readable(found, _counts_in)


def _counts_in(row: Mapping[str, Any]) -> tuple[str, Mapping[Counter, int]]:
    """Returns the row's sku and its counters. Raises ValueError, KeyError, Unreadable."""
    _, sku = row["sk"].split("#")
    return sku, {name: whole_number(row, name) for name in _COUNTERS if name in row}


def _ids(fresh: Iterable[Occurrence]) -> Iterator[Any]:
    """Yields a Put per id, with what it counted for, so that the counters can be checked against the ids."""
    expires_at = int((clock.now() + _IDS_LAST).timestamp())
    for occurrence in fresh:
        what = {"counter": occurrence.counter, "sku": occurrence.sku, "minute": rfc3339(occurrence.minute)}
        yield {
            "Put": {
                "TableName": _table(),
                "Item": to_item({"pk": occurrence.id, "sk": "counted", "expires_at": expires_at, **what}),
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }


def _additions(occurrences: Iterable[Occurrence]) -> Iterator[Any]:
    """Yields one update per counter row: a transaction may write a row only once."""
    rows: dict[tuple[str, str], dict[Counter, int]] = {}
    expiry: dict[tuple[str, str], int] = {}
    for occurrence in occurrences:
        for unit in units(occurrence.minute):
            key = (unit.period, f"{unit.first}#{occurrence.sku}")
            row = rows.setdefault(key, {})
            row[occurrence.counter] = row.get(occurrence.counter, 0) + 1
            expiry[key] = int(occurrence.minute.timestamp() + _COUNTERS_LAST.total_seconds())
    for (pk, sk), counts in rows.items():
        # By placeholder, because VIEWS is a reserved word.
        additions = ", ".join(f"#{name} :{name}" for name in counts)
        yield {
            "Update": {
                "TableName": _table(),
                "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
                "UpdateExpression": f"ADD {additions} SET expires_at = :expires_at",
                "ExpressionAttributeNames": {f"#{name}": name for name in counts},
                "ExpressionAttributeValues": to_item(
                    {f":{name}": number for name, number in counts.items()} | {":expires_at": expiry[pk, sk]}
                ),
            }
        }


def _table() -> str:
    return os.environ["CLICKSTREAM_TABLE"]
