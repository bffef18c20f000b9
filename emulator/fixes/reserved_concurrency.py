"""Reserved concurrency from templates.

AWS: ReservedConcurrentExecutions of AWS::Lambda::Function caps a function's concurrent executions.
Emulator: honours it when set through the API, and ignores it in a template.
Fix: set it whenever a function is made or updated by a template.
Goes when: MiniStack reads the property.
"""

from typing import Any

from emulator.patching import module, resource_handler


def apply() -> None:
    functions = module("services.lambda_svc")._functions
    handler = resource_handler(
        module("services.cloudformation.provisioners"), "AWS::Lambda::Function", "create", "update"
    )
    create, update = handler["create"], handler["update"]

    def reserve(name: str, props: dict[str, Any]) -> None:
        reserved = props.get("ReservedConcurrentExecutions")
        if name in functions:
            functions[name]["concurrency"] = None if reserved is None else int(reserved)

    def create_function(logical_id: str, props: dict[str, Any], stack: str) -> Any:
        made = create(logical_id, props, stack)
        reserve(made[0], props)
        return made

    def update_function(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str, *logical_id: Any
    ) -> Any:
        updated = update(physical_id, old, new, stack, *logical_id)
        reserve(updated[0], new)
        return updated

    handler["create"], handler["update"] = create_function, update_function
