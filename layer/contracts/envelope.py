"""The envelope of every event, and the rule that gives an event its id."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, ClassVar
from uuid import UUID, uuid5

from pydantic import SerializeAsAny

from contracts.types import Timestamp, Value

_NAMESPACE = UUID("5f0c8a5e-8f2b-5d52-9d7e-0c1a6f0e7b11")

# The attributes that EventBridge adds to an event that it could not deliver (User Guide, "Using dead-letter queues").
ABOUT_THE_RULE = frozenset(
    {
        "RULE_ARN",
        "TARGET_ARN",
        "ERROR_CODE",
        "ERROR_MESSAGE",
        "EXHAUSTED_RETRY_CONDITION",
        "RETRY_ATTEMPTS",
    }
)


class UnknownVersion(ValueError):
    """The consumer does not support this version of the event, which belongs in a dead-letter queue."""


class EventData(Value):
    """The data of one type of event. The class name is the event's detail-type."""

    source: ClassVar[str]
    version: ClassVar[int] = 1


class Envelope[D: EventData](Value):
    """An event with its metadata. `entity_version` orders the events of an entity. A repeated event has the same id."""

    event_id: UUID
    version: int
    occurred_at: Timestamp
    correlation_id: str
    entity_version: int
    data: SerializeAsAny[D]

    @property
    def source(self) -> str:
        return self.data.source

    @property
    def type(self) -> str:
        return type(self.data).__name__

    def as_published(self) -> dict[str, Any]:
        """Returns the event as EventBridge delivers it: `source`, `detail-type`, `detail`."""
        return {"source": self.source, "detail-type": self.type, "detail": self.model_dump(mode="json")}


def event_id(event_type: str, entity_id: str, entity_version: int) -> UUID:
    """Returns the id of an event. It is the same for every publication of the same change, so that consumers recognize
    a repeated event."""
    return uuid5(_NAMESPACE, f"{event_type}/{entity_id}/{entity_version}")


def envelop[D: EventData](
    data: D, *, entity_id: str, entity_version: int, occurred_at: datetime, correlation_id: str
) -> Envelope[D]:
    return Envelope(
        event_id=event_id(type(data).__name__, entity_id, entity_version),
        version=data.version,
        occurred_at=occurred_at,
        correlation_id=correlation_id,
        entity_version=entity_version,
        data=data,
    )


def opened(published: Mapping[str, Any], *types: type[EventData]) -> Envelope[EventData]:
    """Returns the typed event from a message of EventBridge or the order-updates topic.

    Raises UnknownVersion, KeyError if the type is none of `types` or a part of the message is missing, and
    pydantic.ValidationError if the detail is invalid.
    """
    by_name = {t.__name__: t for t in types}
    data_type = by_name[published["detail-type"]]
    detail = published["detail"]
    if detail["version"] != data_type.version:
        raise UnknownVersion(f"{data_type.__name__} version {detail['version']}")
    return _envelope_of(data_type).model_validate(detail)


@cache
def _envelope_of(data_type: type[EventData]) -> type[Envelope[EventData]]:
    """Returns the envelope's model. Pydantic discards it when it is no longer referenced, and creating it again takes
    milliseconds."""
    return Envelope[data_type]  # type: ignore[valid-type]
