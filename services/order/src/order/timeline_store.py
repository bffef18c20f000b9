"""The timeline table: every event of every order, once, in order of time."""

import os
from collections.abc import Iterator
from typing import Any

from contracts.envelope import Envelope, opened
from contracts.events import EVENTS
from contracts.types import rfc3339
from shopkit.aws import client
from shopkit.dynamodb import to_item
from shopkit.optimistic import Row
from shopkit.rows import query, readable


def record(event: Envelope[Any]) -> None:
    """Stores an event under its own time and id, so that a repeated delivery overwrites itself."""
    detail = event.model_dump(mode="json")
    client("dynamodb").put_item(
        TableName=_table(),
        Item=to_item(
            {
                "order_id": event.correlation_id,
                "at_event": f"{rfc3339(event.occurred_at)}#{event.event_id}",
                "source": event.source,
                "type": event.type,
                **detail,
            }
        ),
    )


def events_of(order_id: str) -> Iterator[Envelope[Any]]:
    """Yields the recorded events, oldest first. Invalid rows are left out."""
    recorded = query(_table(), "order_id = :order_id", {":order_id": order_id}, ConsistentRead=True)
    return readable(recorded, _event_in)


def _event_in(row: Row) -> Envelope[Any]:
    return opened({"detail-type": row["type"], "detail": row}, *EVENTS)


def _table() -> str:
    return os.environ["TIMELINE_TABLE"]
