"""Resource types that the emulator does not know.

AWS: provisions them.
Emulator: refuses the whole template ("Unrecognized resource types").
Fix: record them as resources that do nothing, with the names and attributes that other resources may read, so that the
templates need no branch. Only types that an operator looks at are here; anything that carries a message or enforces a
rule needs a real fix instead.
Goes when: MiniStack provisions the type (`apply` then refuses to shadow it).
"""

from collections.abc import Callable
from typing import Any

from emulator.patching import expect, module

REGION, ACCOUNT = "us-east-1", "000000000000"
Attributes = dict[str, str]


def _schema(props: dict[str, Any], name: str) -> tuple[str, Attributes]:
    schema = props.get("SchemaName", name)
    arn = f"arn:aws:schemas:{REGION}:{ACCOUNT}:schema/{props.get('RegistryName')}/{schema}"
    return arn, {"SchemaArn": arn, "SchemaName": schema, "SchemaVersion": "1"}


def _registry(props: dict[str, Any], name: str) -> tuple[str, Attributes]:
    registry = props.get("RegistryName", name)
    arn = f"arn:aws:schemas:{REGION}:{ACCOUNT}:registry/{registry}"
    return arn, {"RegistryArn": arn, "RegistryName": registry}


TYPES: dict[str, Callable[[dict[str, Any], str], tuple[str, Attributes]]] = {
    "AWS::EventSchemas::Registry": _registry,
    "AWS::EventSchemas::Schema": _schema,
}


def apply() -> None:
    handlers = module("services.cloudformation.provisioners")._RESOURCE_HANDLERS
    for resource_type, describe in TYPES.items():
        expect(resource_type not in handlers, f"no real {resource_type}: drop its placeholder")
        handlers[resource_type] = _handler(describe)


def _handler(describe: Callable[[dict[str, Any], str], tuple[str, Attributes]]) -> dict[str, Any]:
    def create(logical_id: str, props: dict[str, Any], stack: str) -> tuple[str, Attributes]:
        return describe(props, f"{stack}-{logical_id}")

    def update(
        _physical_id: str, _old: Any, new: dict[str, Any], stack: str, logical_id: str
    ) -> tuple[str, Attributes]:
        return describe(new, f"{stack}-{logical_id}")

    def delete(_physical_id: str, _props: Any) -> None:
        return None

    return {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}
