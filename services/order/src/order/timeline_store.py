"""The timeline table: every event of every order, once, in the order in which they happened."""

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
    """The key is made of the event's own time and id, so that a repeated delivery overwrites itself."""
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
    """The recorded events, oldest first. Rows that are no events are left out."""
    recorded = query(_table(), "order_id = :order_id", {":order_id": order_id}, ConsistentRead=True)
    return readable(recorded, _event_in)


def _event_in(row: Row) -> Envelope[Any]:
    return opened({"detail-type": row["type"], "detail": row}, *EVENTS)


def _table() -> str:
    return os.environ["TIMELINE_TABLE"]
