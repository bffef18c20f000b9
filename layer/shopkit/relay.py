"""The outbox relay publishes the events of a table's stream, in stream order and with the same ids on every retry.

All services use this relay. Each service's own `events_of` turns a change into events.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.envelope import Envelope
from shopkit.aws import client
from shopkit.bus import PublicationFailed, publish, publishing
from shopkit.streams import Change, change_of, facts_of, projected, retry_from, set_aside, understanding
from shopkit.telemetry import logger, tracer
from shopkit.types import Image, LambdaHandler

type EventsOf = Callable[[Image | None, Image | None], Sequence[Envelope[Any]]]

# PutEvents and PublishBatch accept at most 10 entries a call, PublishBatch 256 KB together (API references).
_MAX_ENTRIES = 10
_MAX_BYTES = 200_000


@dataclass(frozen=True)
class _Pending:
    """An event, and the stream record to retry from if it cannot be published."""

    event: Envelope[Any]
    sequence_number: str
    size: int
    facts: Mapping[str, Any]


def relay(events_of: EventsOf, *, keeps: frozenset[str] | None = None) -> LambdaHandler:
    """Makes a handler that publishes `events_of(old image, new image)` for every change.

    A record that is not a valid change is set aside in the failure queue, reduced to the attributes in `keeps`: those
    that `events_of` reads. By default all attributes are kept.

    Environment: BUS_NAME; ORDER_UPDATES_TOPIC_ARN for a service whose events also go out ordered per order;
    FAILURE_QUEUE_URL for records that are not valid changes.
    """

    def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        for batch in _batches(_pending(event["Records"], events_of, keeps)):
            try:
                _publish(batch)
            except Exception:  # noqa: BLE001
                # A repeated event has the same id, so retrying the batch is safe. Continuing would break the order.
                logger.exception("events not published, will be retried", first=batch[0].event.event_id)
                return retry_from(batch[0].sequence_number)
        return retry_from(None)

    return tracer.capture_lambda_handler(handler, capture_response=False)


def _pending(
    records: Iterable[dict[str, Any]], events_of: EventsOf, keeps: frozenset[str] | None
) -> Iterator[_Pending]:
    for record in records:
        try:
            pending = _pending_of(change_of(record), events_of, facts_of(record))
        except ValueError as error:
            set_aside(projected(record, keeps), error)
        else:
            yield from pending


def _pending_of(change: Change, events_of: EventsOf, facts: Mapping[str, Any]) -> list[_Pending]:
    """Raises ValueError for a change that cannot be turned into events."""
    with understanding("a change of this table"):
        return [
            _Pending(event, change.sequence_number, len(_message(event).encode()) + 256, facts)
            for event in events_of(change.old, change.new)
        ]


def _batches(pending: Iterable[_Pending]) -> Iterator[list[_Pending]]:
    batch: list[_Pending] = []
    for entry in pending:
        full = len(batch) == _MAX_ENTRIES or sum(e.size for e in batch) + entry.size > _MAX_BYTES
        # A call may fail in part, which could reorder two events of one order within it.
        repeats = any(e.event.correlation_id == entry.event.correlation_id for e in batch)
        if batch and (full or repeats):
            yield batch
            batch = []
        batch.append(entry)
    if batch:
        yield batch


def _message(event: Envelope[Any]) -> str:
    # Both limits count bytes of UTF-8; escaped, an emoji of 4 bytes would take 12.
    return json.dumps(event.as_published(), ensure_ascii=False)


def _publish(batch: Sequence[_Pending]) -> None:
    events = [entry.event for entry in batch]
    with publishing(events, [entry.facts for entry in batch]):
        publish(events)
        if topic := os.environ.get("ORDER_UPDATES_TOPIC_ARN"):
            _publish_in_order(topic, batch)


def _publish_in_order(topic: str, batch: Sequence[_Pending]) -> None:
    answer = client("sns").publish_batch(
        TopicArn=topic,
        PublishBatchRequestEntries=[
            {
                "Id": str(index),
                "Message": _message(entry.event),
                "MessageGroupId": entry.event.correlation_id,
                "MessageDeduplicationId": str(entry.event.event_id),
                "MessageAttributes": {"type": {"DataType": "String", "StringValue": entry.event.type}},
            }
            for index, entry in enumerate(batch)
        ],
    )
    if failed := answer.get("Failed"):
        raise PublicationFailed([failure["Code"] for failure in failed])
