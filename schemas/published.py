"""The published schema of each event's version, in `schemas/published/`, and which changes to it are allowed.

Every version of an event has two kinds of readers. An older consumer reads what a newer producer wrote. A newer
consumer reads what an older producer wrote, because events wait in queues, dead letters and the archive. So only one
kind of change is compatible: a new field, at any depth, that is not required. Everything else needs a new version:
removing or renaming a field, changing a type, bound, pattern or enumeration, making a field required or optional.
"""

import json
from pathlib import Path
from typing import Any

from contracts.envelope import EventData
from contracts.events import EVENTS
from schemas.models import Schema, detail_schema

FOLDER = Path(__file__).resolve().parent / "published"
# Texts for people, which no program reads.
_WORDS = {"title", "description", "examples"}


def breaking_changes() -> list[str]:
    """Returns one sentence for each change that makes an event incompatible with its published version."""
    return [
        f"{event.__name__} version {event.version} is published: {change}."
        for event in EVENTS
        if file_of(event).exists()
        for change in breaks(json.loads(file_of(event).read_text()), detail_schema(event))
    ]


def files() -> dict[Path, str]:
    """Returns the present schema of every event, by the file that publishes it."""
    return {file_of(event): json.dumps(detail_schema(event), indent=2) + "\n" for event in EVENTS}


def file_of(event: type[EventData]) -> Path:
    return FOLDER / f"{event.__name__}.v{event.version}.json"


def breaks(before: Schema, after: Schema) -> list[str]:
    """Returns what makes `after` incompatible with `before`. Each schema is self-contained, with its definitions under
    `$defs`."""
    return _breaks("detail", _resolved(before, before.get("$defs", {})), _resolved(after, after.get("$defs", {})))


def _breaks(where: str, before: Any, after: Any) -> list[str]:
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return [] if before == after else [f"{where} was {json.dumps(before)} and is {json.dumps(after)}"]
    found = []
    for keyword in sorted((before.keys() | after.keys()) - _WORDS):
        old, new = before.get(keyword), after.get(keyword)
        match keyword:
            case "properties":
                found += _breaks_of_fields(where, old or {}, new or {})
            case "required":
                kept = after.get("properties", {})
                found += [f"{where}.{name} is required now" for name in new or () if name not in (old or ())]
                found += [
                    f"{where}.{name} may be absent now"
                    for name in old or ()
                    if name in kept and name not in (new or ())
                ]
            case "items":
                found += _breaks(f"{where}[]", old, new)
            case _ if old != new:
                found.append(f"{keyword} of {where} was {json.dumps(old)} and is {json.dumps(new)}")
    return found


def _breaks_of_fields(where: str, old: dict[str, Schema], new: dict[str, Schema]) -> list[str]:
    found = []
    for name, schema in old.items():
        found += _breaks(f"{where}.{name}", schema, new[name]) if name in new else [f"{where}.{name} is gone"]
    return found


def _resolved(node: Any, values: dict[str, Schema]) -> Any:
    """Returns the schema with its references replaced by what they name, so that renaming a value type changes
    nothing."""
    if isinstance(node, list):
        return [_resolved(item, values) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        named = values[node["$ref"].rsplit("/", 1)[1]]
        return {**_resolved(named, values), **{key: value for key, value in node.items() if key != "$ref"}}
    return {key: _resolved(value, values) for key, value in node.items() if key != "$defs"}
