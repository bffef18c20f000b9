"""Numbers in a function's environment.

AWS: CloudFormation gives a property of type String the text of a number or a boolean (user guide, "Template format":
scalars); every environment variable is text.
Emulator: keeps the number, and no process can be started with it.
Fix: make text of it.
Goes when: MiniStack does.
"""

from typing import Any

from emulator.patching import module, resource_handler


def apply() -> None:
    handler = resource_handler(
        module("services.cloudformation.provisioners"), "AWS::Lambda::Function", "create", "update"
    )
    create, update = handler["create"], handler["update"]

    def create_function(logical_id: str, props: dict[str, Any], stack: str) -> Any:
        return create(logical_id, _as_text(props), stack)

    def update_function(physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any) -> Any:
        return update(physical_id, old, _as_text(new), *rest)

    handler["create"], handler["update"] = create_function, update_function


def _as_text(props: dict[str, Any]) -> dict[str, Any]:
    environment = props.get("Environment") or {}
    variables = {name: _text(value) for name, value in (environment.get("Variables") or {}).items()}
    return {**props, "Environment": {**environment, "Variables": variables}} if variables else props


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
