"""Records of the topic. The value is the event as on the bus, the key is the order's id."""

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
    """Yields the records of an invocation by an MSK or self-managed event source, in order within each partition. A
    redrive passes them as `Records`, like streams."""
    if "Records" in event:
        yield from event["Records"]
        return
    for records in event["records"].values():
        yield from records


def event_in(record: Record, *types: type[EventData]) -> Envelope[EventData] | None:
    """Returns the record's event if it has one of these types, otherwise None. Raises Poison, UnknownVersion or another
    ValueError if the record is not an event."""
    with understanding("an event"):
        published = json.loads(base64.b64decode(record["value"], validate=True))
        if not isinstance(published["detail-type"], str):
            raise Poison("a detail-type that is no text")
        if published["detail-type"] not in {each.__name__ for each in types}:
            return None
        return opened(published, *types)


def place_of(record: Record) -> str:
    """Returns the record's position: `topic/partition/offset`."""
    return f"{record.get('topic')}/{record.get('partition')}/{record.get('offset')}"
