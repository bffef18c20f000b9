"""What CloudFormation's registry says of a type, from the schemas that cfn-lint brings with it."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError


@cache
def create_only(type_: str) -> tuple[tuple[str, ...], ...]:
    """The properties whose change makes CloudFormation replace the resource, each as its path."""
    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", type_).schema
    except ResourceNotFoundError:  # a resource of our own
        return ()
    pointers = (*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ()))
    return tuple(tuple(pointer.removeprefix("/properties/").split("/")) for pointer in pointers)


def values_at(node: Any, pointer: tuple[str, ...]) -> list[Any]:
    """What stands at this path; `*` in it is every item of a list."""
    if not pointer:
        return [node]
    first, *rest = pointer
    if first == "*":
        return (
            [found for item in node or () for found in values_at(item, tuple(rest))] if isinstance(node, list) else []
        )
    return values_at(node[first], tuple(rest)) if isinstance(node, Mapping) and first in node else []
