"""JSON Schemas of the events as published: pydantic's, without parts that tell a reader nothing."""

from typing import Any

from contracts.envelope import Envelope, EventData

type Schema = dict[str, Any]


def name_of(event: type[EventData]) -> str:
    """Returns the event's name in the schema registry and its tools: source and detail-type."""
    return f"{event.source}@{event.__name__}"


def meaning_of(event: type[EventData]) -> str:
    """Returns the event's docstring as one line."""
    return " ".join((event.__doc__ or "").split())


def service_of(event: type[EventData]) -> str:
    return event.source.removeprefix("shop.")


def detail_schema(event: type[EventData], ref_template: str = "#/$defs/{model}") -> Schema:
    """Returns the schema of the envelope with this event's data. It is self-contained, with its definitions under
    `$defs`."""
    schema = Envelope[event].model_json_schema(ref_template=ref_template)  # type: ignore[valid-type]
    detail: Schema = _without_titles(schema)
    detail["properties"]["version"] = {"type": "integer", "enum": [event.version]}
    return {"description": meaning_of(event), **detail}


def components(event: type[EventData]) -> dict[str, Schema]:
    """Returns named schemas that refer to each other under `#/components/schemas/`: the event's detail under the
    event's name, its data as `<Event>Data`, and the values in it."""
    data = f"{event.__name__}Data"
    detail = detail_schema(event, "#/components/schemas/{model}")
    values = detail.pop("$defs")
    detail["properties"]["data"] = {"$ref": f"#/components/schemas/{data}"}
    return {event.__name__: detail, data: values.pop(event.__name__), **dict(sorted(values.items()))}


def _without_titles(node: Any) -> Any:
    """Removes the titles that pydantic adds everywhere. A *property* called title is kept."""
    if isinstance(node, list):
        return [_without_titles(item) for item in node]
    if not isinstance(node, dict):
        return node
    named = {"properties", "$defs"}
    return {
        key: {name: _without_titles(schema) for name, schema in value.items()}
        if key in named
        else _without_titles(value)
        for key, value in node.items()
        if key != "title"
    }
