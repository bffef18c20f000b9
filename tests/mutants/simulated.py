"""Mutants of the product that the storm must kill: each drops one condition that keeps a promise."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from inventory import domain as inventory
from order import store as order_store
from shopkit import consumer
from tests.simulation.planted import BUGS, Bug, edit

_NO_CONDITION = '"attribute_not_exists(pk) OR attribute_exists(pk)"'


@contextmanager
def failures_forgotten() -> Iterator[None]:
    process: Any = consumer.process_partial_response  # type: ignore[attr-defined]

    def processed(*arguments: Any) -> dict[str, Any]:
        process(*arguments)
        return {"batchItemFailures": []}

    with patch.object(consumer, "process_partial_response", processed):
        yield


_PLANTED = {bug.name: bug for bug in BUGS}
MUTANTS = [
    _PLANTED["reserve takes what is not there"],
    _PLANTED["any order may be confirmed"],
    _PLANTED["capture leaves no intent"],
    _PLANTED["settle leaves no tombstone"],
    _PLANTED["the relay does not look at FailedEntryCount"],
    Bug(
        "a sale is committed again when its record comes again",
        edit(
            inventory.followed,
            "case ReservationStatus.RESERVED if status is OrderStatus.CONFIRMED",
            "case ReservationStatus.RESERVED | ReservationStatus.COMMITTED if status is OrderStatus.CONFIRMED",
        ),
    ),
    Bug(
        "an order is placed without its condition",
        edit(order_store.add, '"attribute_not_exists(pk)"', _NO_CONDITION),
    ),
    Bug(
        "the catalogue learns without a version check",
        edit(
            order_store.learn,
            '"attribute_not_exists(pk) OR version < :version"',
            '"attribute_not_exists(pk) OR version < :version OR attribute_exists(pk)"',
        ),
    ),
    Bug("a consumer reports no failed messages", failures_forgotten),
]
