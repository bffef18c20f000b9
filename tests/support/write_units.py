"""DynamoDB's write units, metered from the items that are written (Developer Guide, "DynamoDB item sizes and
formats")."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import ceil
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient

_UNIT = 1024


@contextmanager
def metered() -> Iterator[Counter[str]]:
    """Counts the units of the PutItem calls within, by table. An index's units are not among them.

    Raises AssertionError at any other write. A put costs as much as the larger of the item before and after it; that is
    the one after it where rows only grow.
    """
    units: Counter[str] = Counter()
    really_call: Any = vars(BaseClient)["_make_api_call"]

    def call(aws: BaseClient, operation: str, sent: Any) -> Any:
        assert operation not in {"UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"}, operation
        if operation == "PutItem":
            units[sent["TableName"]] += ceil(size(sent["Item"]) / _UNIT)
        return really_call(aws, operation, sent)

    with patch.object(BaseClient, "_make_api_call", call):
        yield units


def size(item: Mapping[str, Any]) -> int:
    """Returns the bytes of an item in the format of DynamoDB's API."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S" | "B":
            return len(content.encode() if isinstance(content, str) else content)
        case "N":
            return len(content.strip("-.0")) // 2 + 2
        case "SS" | "NS" | "BS":
            found = sum(_size({kind[0]: one}) for one in content)
        case "L":
            found = 3 + sum(1 + _size(one) for one in content)
        case "M":
            found = 3 + sum(1 + len(name.encode()) + _size(one) for name, one in content.items())
        case _:
            found = 1
    return found
