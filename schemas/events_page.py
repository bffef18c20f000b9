"""docs/events.md: the event catalogue for people."""

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from contracts.envelope import EventData
from contracts.events import EVENTS
from contracts.order import OrderConfirmed
from schemas.examples import example
from schemas.flow import Channel, Consumer
from schemas.models import Schema, detail_schema, meaning_of, service_of


def page(consumers: list[Consumer]) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown
    )
    services = dict.fromkeys(map(service_of, EVENTS))
    return environment.get_template("events.md.j2").render(
        services={
            service: [_described(event, consumers) for event in EVENTS if service_of(event) == service]
            for service in services
        },
        example=json.dumps(example(OrderConfirmed).as_published(), indent=2),
    )


def _described(event: type[EventData], consumers: list[Consumer]) -> dict[str, Any]:
    values = detail_schema(event)["$defs"]
    schema = values[event.__name__]
    return {
        "name": event.__name__,
        "version": event.version,
        "source": event.source,
        "meaning": meaning_of(event),
        "fields": [
            (name, _type(field, values), name in schema["required"]) for name, field in schema["properties"].items()
        ],
        "bus": _names(event, "bus", consumers),
        "topic": _names(event, "orderUpdates", consumers),
    }


def _names(event: type[EventData], channel: Channel, consumers: list[Consumer]) -> list[str]:
    return [f"`{consumer.name}`" for consumer in consumers if consumer.channel == channel and event in consumer.events]


def _type(field: Schema, values: dict[str, Schema]) -> str:
    """Returns a field's type in a few words, for example `array of OrderLine` or `string: approved or rejected`."""
    if "$ref" in field:
        return str(field["$ref"].rsplit("/", 1)[1])
    if field["type"] == "array":
        return f"array of {_type(field['items'], values)}"
    if "enum" in field:
        return f"{field['type']}: {' or '.join(field['enum'])}"
    return " ".join([field["type"], *([f"({field['format']})"] if "format" in field else [])])
