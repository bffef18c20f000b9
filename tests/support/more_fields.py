"""Values whose models have gained a field at every level, for tests of what is shown of them."""

from collections.abc import Iterator, Mapping
from functools import reduce
from operator import or_
from types import GenericAlias, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, create_model

ADDED = "added_field"


def with_more_fields[M: BaseModel](value: M) -> M:
    """Returns the same value. Its model, and each model in it, also has the field ADDED."""
    return _wider(type(value)).model_validate(value.model_dump())


def paths_of(name: str, *, in_: Any) -> set[str]:
    """Returns the paths of the fields with this name, without positions in lists, for example lines/unit_price/name."""
    return set(_paths(name, in_, ""))


def _paths(name: str, value: Any, prefix: str) -> Iterator[str]:
    match value:
        case Mapping():
            for key, inner in value.items():
                if key == name:
                    yield prefix + key
                yield from _paths(name, inner, f"{prefix}{key}/")
        case list() | tuple():
            for inner in value:
                yield from _paths(name, inner, prefix)


def _wider[M: BaseModel](model: type[M]) -> type[M]:
    fields: dict[str, Any] = {
        name: (_widened(field.annotation), field)
        for name, field in model.model_fields.items()
        if _widened(field.annotation) != field.annotation
    }
    fields[ADDED] = (str, "added")
    return create_model(model.__name__, __base__=model, **fields)


def _widened(annotation: Any) -> Any:
    arguments = get_args(annotation)
    if isinstance(annotation, type) and not arguments and issubclass(annotation, BaseModel):
        return _wider(annotation)
    if get_origin(annotation) is tuple:
        return GenericAlias(tuple, tuple(map(_widened, arguments)))
    if get_origin(annotation) in {Union, UnionType}:
        return reduce(or_, map(_widened, arguments))
    return annotation
