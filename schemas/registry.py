"""schemas/template.yaml: the schema registry, which shows the shop's events in EventBridge's console and in IDE
toolkits."""

import json
from typing import Any

from contracts.envelope import EventData
from contracts.events import EVENTS
from schemas.models import components, meaning_of, name_of
from schemas.openapi import to_openapi

_HEAD = """\
# Written by `make schemas` from layer/contracts: change the events there.
# A schema's name is one within its registry, in the form `source@detail-type` that code generators look for.
AWSTemplateFormatVersion: "2010-09-09"
Description: "Cartwheel: the registry of the shop's event schemas, as OpenAPI 3.0, which is what it takes."

Resources:
  Registry:
    Type: AWS::EventSchemas::Registry
    Properties:
      Description: Cartwheel's events
"""
_SCHEMA = """
  {event}:
    Type: AWS::EventSchemas::Schema
    Properties:
      RegistryName: !GetAtt Registry.RegistryName
      SchemaName: {name}
      Type: OpenApi3
      Description: {meaning}
      Content: {content}
"""


def template() -> str:
    return _HEAD + "".join(_resource(event) for event in EVENTS)


def content(event: type[EventData]) -> dict[str, Any]:
    """Returns the OpenAPI document of one event: `AWSEvent`, the envelope that EventBridge delivers, with the event's
    own detail."""
    return {
        "openapi": "3.0.0",
        "info": {"title": event.__name__, "version": f"{event.version}.0.0"},
        "paths": {},
        "components": {
            "schemas": {
                "AWSEvent": _delivered(event),
                **{name: to_openapi(schema) for name, schema in components(event).items()},
            }
        },
    }


def _delivered(event: type[EventData]) -> dict[str, Any]:
    text = {"type": "string"}
    properties = {
        "version": text,
        "id": text,
        "detail-type": {"type": "string", "enum": [event.__name__]},
        "source": {"type": "string", "enum": [event.source]},
        "account": text,
        "time": {"type": "string", "format": "date-time"},
        "region": text,
        "resources": {"type": "array", "items": text},
        "detail": {"$ref": f"#/components/schemas/{event.__name__}"},
    }
    return {
        "type": "object",
        "x-amazon-events-source": event.source,
        "x-amazon-events-detail-type": event.__name__,
        "required": list(properties),
        "properties": properties,
    }


def _resource(event: type[EventData]) -> str:
    return _SCHEMA.format(
        event=event.__name__,
        name=name_of(event),
        meaning=json.dumps(meaning_of(event)),
        content=_quoted(json.dumps(content(event), separators=(",", ":"))),
    )


def _quoted(text: str) -> str:
    """Returns a YAML single-quoted scalar, in which JSON needs no further escapes."""
    return "'" + text.replace("'", "''") + "'"
