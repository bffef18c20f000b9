"""The envelope every event travels in, and the one rule that names an event."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, ClassVar
from uuid import UUID, uuid5

from pydantic import SerializeAsAny

from contracts.types import Timestamp, Value

_NAMESPACE = UUID("5f0c8a5e-8f2b-5d52-9d7e-0c1a6f0e7b11")


class UnknownVersion(ValueError):
    """An event of a major version this consumer was not written for. It belongs in a dead-letter queue."""


class EventData(Value):
    """What one kind of event says. The class name is its detail-type."""

    source: ClassVar[str]
    version: ClassVar[int] = 1


class Envelope[D: EventData](Value):
    """An event as it travels. `entity_version` orders events of one entity; `event_id` repeats on every retry."""

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
        """The event as EventBridge delivers it: `source`, `detail-type`, `detail`."""
        return {"source": self.source, "detail-type": self.type, "detail": self.model_dump(mode="json")}


def event_id(event_type: str, entity_id: str, entity_version: int) -> UUID:
    """The same change of the same entity always has the same id, so that a repeated publication is recognized."""
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
    """The typed event in what EventBridge or the order-updates topic delivered.

    Raises UnknownVersion, or pydantic.ValidationError / KeyError for what is no event of these types.
    """
    by_name = {t.__name__: t for t in types}
    data_type = by_name[published["detail-type"]]
    detail = published["detail"]
    if detail["version"] != data_type.version:
        raise UnknownVersion(f"{data_type.__name__} version {detail['version']}")
    return _envelope_of(data_type).model_validate(detail)


@cache
def _envelope_of(data_type: type[EventData]) -> type[Envelope[EventData]]:
    """Pydantic forgets a parametrized model that nobody holds, and making it anew for each event takes milliseconds."""
    return Envelope[data_type]  # type: ignore[valid-type]
