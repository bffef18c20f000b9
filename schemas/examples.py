"""Examples of every event, generated from its schema: one for each variant that a pattern or a reader could
distinguish."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from contracts.envelope import Envelope, EventData, envelop
from schemas.models import Schema, detail_schema

_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_BY_FORMAT = {"uuid": "6f1c2a52-6d0f-5a55-9d3b-0d6c3f1b9a10", "date-time": "2026-01-02T03:04:05.000000Z"}
_BY_NAME: dict[str, Any] = {
    "order_id": "ord_0b5f2d9c1e7a4f68b3d1c2a9e8f70615",
    "customer_id": "9f0c1d6e-2b3a-4c5d-8e7f-0a1b2c3d4e5f",
    "sku": "MUG-ENAMEL-12",
    "name": "Enamel mug",
    "payment_method": "pm_visa",
    "reason": "out_of_stock",
    "about": "OrderConfirmed",
    "short": ["MUG-ENAMEL-12"],
    "currency": "USD",
    "amount": 2400,
}


def example(event: type[EventData]) -> Envelope[Any]:
    return examples(event)[0]


@cache
def examples(event: type[EventData]) -> tuple[Envelope[Any], ...]:
    """Returns one example with the first value of every enumeration, then one for each other value of each."""
    values = detail_schema(event)["$defs"]
    schema = values[event.__name__]
    plain = _object(schema, values)
    others = [
        {**plain, name: value} for name, field in schema["properties"].items() for value in _alternatives(field)[1:]
    ]
    return tuple(_enveloped(event.model_validate(data)) for data in (plain, *others))


def _enveloped(data: EventData) -> Envelope[Any]:
    fields = data.model_dump()
    entity: str = fields.get("order_id") or fields["sku"]
    return envelop(data, entity_id=entity, entity_version=1, occurred_at=_AT, correlation_id=entity)


def _alternatives(field: Schema) -> list[Any]:
    return [False, True] if field.get("type") == "boolean" else field.get("enum", [])


def _object(schema: Schema, values: dict[str, Schema]) -> dict[str, Any]:
    return {name: _value(name, field, values) for name, field in schema["properties"].items()}


def _value(name: str, field: Schema, values: dict[str, Schema]) -> Any:
    if "$ref" in field:
        return _object(values[field["$ref"].rsplit("/", 1)[1]], values)
    if name in _BY_NAME:
        return _BY_NAME[name]
    if alternatives := _alternatives(field):
        return alternatives[0]
    if "format" in field:
        return _BY_FORMAT[field["format"]]
    match field["type"]:
        case "array":
            return [_value(name, field["items"], values)]
        case "integer":
            return field.get("minimum", 1)
    raise LookupError(f"no example for {name}: {field}")
