"""Rules' patterns against the contracts: a pattern that no event can match waits for ever, and says nothing."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from contracts.catalogue import ALL
from contracts.envelope import EventData
from tests.template.rule import rule
from tests.template.tree import Resource

ENVELOPE = {"event_id", "version", "occurred_at", "correlation_id", "entity_version"}


@rule("AWS::Events::Rule")
def pattern_matches_our_events(found: Resource) -> Iterator[str]:
    """Each alternative of a pattern must be able to match an event of the contracts."""
    pattern = found.properties().get("EventPattern")
    if pattern is None:
        return
    sources, types = pattern.get("source", [{"prefix": ""}]), pattern.get("detail-type", [{"prefix": ""}])
    possible = [
        event
        for event in ALL
        if any(_fits(matcher, event.source) for matcher in sources)
        and any(_fits(matcher, event.__name__) for matcher in types)
    ]
    for matcher in sources:
        if not any(_fits(matcher, event.source) for event in possible):
            yield f"source {matcher} goes with none of these detail-types"
    for matcher in types:
        if not any(_fits(matcher, event.__name__) for event in possible):
            yield f"detail-type {matcher} goes with none of these sources"
    for path in _paths(pattern.get("detail", {})):
        if not any(_has(event, path) for event in possible):
            yield f"detail.{'.'.join(path)} is in none of {[event.__name__ for event in possible]}"


def _fits(matcher: Any, text: str) -> bool:
    if isinstance(matcher, str):
        return text == matcher
    if "prefix" in matcher:
        return text.startswith(matcher["prefix"])
    if "anything-but" in matcher:
        return text not in matcher["anything-but"]
    return True


def _paths(pattern: dict[str, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in pattern.items():
        if isinstance(value, dict):
            yield from _paths(value, (*before, key))
        else:
            yield (*before, key)


def _has(event: type[EventData], path: tuple[str, ...]) -> bool:
    first, *rest = path
    if first != "data":
        return first in ENVELOPE and not rest
    model: Any = event
    for name in rest:
        if not (isinstance(model, type) and issubclass(model, BaseModel)) or name not in model.model_fields:
            return False
        model = model.model_fields[name].annotation
    return True
