"""Converts JSON Schema 2020-12, which pydantic generates, to OpenAPI 3.0, the newest version that the EventBridge
registry accepts."""

from collections.abc import Callable, Mapping
from typing import Any

from schemas.models import Schema

# Keywords with the same meaning in both. Any other keyword must be translated here before an event may use it.
_SAME = {
    "default",
    "description",
    "enum",
    "format",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "multipleOf",
    "pattern",
    "required",
    "type",
    "uniqueItems",
}


class Untranslatable(ValueError):
    """A keyword that OpenAPI 3.0 lacks and for which there is no translation here."""


def to_openapi(schema: Mapping[str, Any]) -> Schema:
    """Returns the converted schema. Raises Untranslatable."""
    if "$ref" in schema:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        # OpenAPI 3.0 ignores every keyword beside $ref, so a reference with further keywords is wrapped in allOf.
        reference = {"$ref": schema["$ref"]}
        return {"allOf": [reference], **to_openapi(beside)} if beside else reference
    translated: Schema = {}
    for keyword, value in schema.items():
        translated |= _translated(keyword, value)
    return translated


def _translated(keyword: str, value: Any) -> Schema:
    if keyword in _SAME:
        return {} if value is None else {keyword: value}
    if keyword not in _TRANSLATIONS:
        raise Untranslatable(keyword)
    return _TRANSLATIONS[keyword](value)


def _choice(schemas: list[Schema]) -> Schema:
    """Converts a choice. In OpenAPI 3.0, null is not a type but a property of another type."""
    null = {"type": "null"}
    choices = [to_openapi(schema) for schema in schemas if schema != null]
    nullable = {"nullable": True} if null in schemas else {}
    if len(choices) > 1:
        return {"anyOf": choices, **nullable}
    (only,) = choices
    return {**({"allOf": [only]} if "$ref" in only and nullable else only), **nullable}


_TRANSLATIONS: dict[str, Callable[[Any], Schema]] = {
    "additionalProperties": lambda value: {
        "additionalProperties": value if isinstance(value, bool) else to_openapi(value)
    },
    "anyOf": _choice,
    "const": lambda value: {"enum": [value]},
    "exclusiveMaximum": lambda value: {"maximum": value, "exclusiveMaximum": True},
    "exclusiveMinimum": lambda value: {"minimum": value, "exclusiveMinimum": True},
    "items": lambda value: {"items": to_openapi(value)},
    "properties": lambda value: {"properties": {name: to_openapi(inner) for name, inner in value.items()}},
}
