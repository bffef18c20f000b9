"""Publishing events. PutEvents may succeed as a call and still reject some of its entries."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from contracts.envelope import Envelope
from shopkit.aws import client
from shopkit.telemetry import traced


class PublicationFailed(Exception):
    """The bus or the topic accepted the call but rejected at least one entry."""


def entries(bus_name: str, events: Sequence[Envelope[Any]]) -> list[Any]:
    """Returns the events as entries of PutEvents."""
    return [
        {
            "EventBusName": bus_name,
            "Source": event.source,
            "DetailType": event.type,
            "Detail": event.model_dump_json(),
            "Time": event.occurred_at,
        }
        for event in events
    ]


@contextmanager
def publishing(events: Sequence[Envelope[Any]], facts: Sequence[Mapping[str, Any]] = ()) -> Iterator[None]:
    """Wraps the calls that publish these events, so that each order's trace contains them. `facts` say what each event
    came from."""
    with ExitStack() as parts:
        for event, source in zip(events, facts or [{}] * len(events), strict=True):
            parts.enter_context(
                traced(
                    "published",
                    event.type,
                    order_id=getattr(event.data, "order_id", None),
                    correlation_id=event.correlation_id,
                    event_id=str(event.event_id),
                    **source,
                )
            )
        yield


def publish(events: Sequence[Envelope[Any]]) -> None:
    """Puts at most 10 events on the bus BUS_NAME. Raises PublicationFailed unless all were accepted."""
    answer = client("events").put_events(Entries=entries(os.environ["BUS_NAME"], events))
    if answer["FailedEntryCount"]:
        raise PublicationFailed([entry["ErrorCode"] for entry in answer["Entries"] if "ErrorCode" in entry])
