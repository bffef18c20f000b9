"""What the topic holds: a record's value is the event as the bus has it, its key the order's id."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.envelope import Envelope, EventData, opened
from shopkit.streams import Poison, understanding

type Record = dict[str, Any]


def value_of(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def records_in(event: Mapping[str, Any]) -> Iterator[Record]:
    """The records of an invocation by an MSK or self-managed event source, in order within each partition; or of a
    redrive, which hands over `Records` as streams do."""
    if "Records" in event:
        yield from event["Records"]
        return
    for records in event["records"].values():
        yield from records


def event_in(record: Record, *types: type[EventData]) -> Envelope[EventData] | None:
    """The record's event if it is one of these types; None for an event of another. Raises Poison, UnknownVersion or
    another ValueError for what is no event at all."""
    with understanding("an event"):
        published = json.loads(base64.b64decode(record["value"], validate=True))
        if not isinstance(published["detail-type"], str):
            raise Poison("a detail-type that is no text")
        if published["detail-type"] not in {each.__name__ for each in types}:
            return None
        return opened(published, *types)


def place_of(record: Record) -> str:
    """Where it stands: `topic/partition/offset`."""
    return f"{record.get('topic')}/{record.get('partition')}/{record.get('offset')}"
