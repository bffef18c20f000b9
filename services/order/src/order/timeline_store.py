"""The timeline table: every event of every order, once, in the order in which they happened."""

import os
from collections.abc import Iterator
from typing import Any

from contracts.envelope import Envelope
from contracts.types import rfc3339
from shopkit.aws import client
from shopkit.dynamodb import from_item, to_item


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


def events_of(order_id: str) -> Iterator[dict[str, Any]]:
    """The recorded events, oldest first."""
    pages = (
        client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=_table(),
            KeyConditionExpression="order_id = :order_id",
            ExpressionAttributeValues={":order_id": {"S": order_id}},
            ConsistentRead=True,
        )
    )
    for page in pages:
        for item in page["Items"]:
            yield from_item(item)


def _table() -> str:
    return os.environ["TIMELINE_TABLE"]
