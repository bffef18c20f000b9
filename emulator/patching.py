"""How fixes patch MiniStack: by name, and only if the code still is what the fix was written for."""

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

VERSION = "1.5.33"
Function = Callable[..., Any]


class Mismatch(Exception):
    """MiniStack differs from the version for which the fixes were written."""


def module(name: str) -> Any:
    """Returns a MiniStack module, which is untyped: `services.sqs`, `core.lambda_runtime`, …"""
    try:
        return import_module(f"ministack.{name}")
    except ImportError as error:
        raise Mismatch(f"ministack.{name} cannot be imported: {error}") from error


def expect(condition: object, what: str) -> None:
    """Refuses to patch code that has changed. `what` names what was expected."""
    if not condition:
        raise Mismatch(f"expected {what}")


def original(owner: Any, name: str, parameters: str = "") -> Function:
    """Returns the function `owner.name`, which a fix is about to wrap, if it still has exactly these parameters."""
    where = f"{getattr(owner, '__name__', owner)}.{name}"
    expect(callable(getattr(owner, name, None)), f"{where} to exist")
    function: Function = getattr(owner, name)
    found = " ".join(inspect.signature(function).parameters)
    expect(found == parameters, f"{where}({parameters}), found {where}({found})")
    return function


def resource_handler(provisioners: Any, resource_type: str, *operations: str) -> dict[str, Any]:
    """Returns CloudFormation's handlers for one resource type, to be changed in place."""
    handler: dict[str, Any] = provisioners._RESOURCE_HANDLERS.get(resource_type, {})
    expect(set(operations) <= set(handler), f"CloudFormation to {', '.join(operations)} {resource_type}")
    return handler
