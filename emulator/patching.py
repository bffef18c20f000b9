"""How a fix reaches into MiniStack: by name, and only where the code still looks as it did when the fix was written."""

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

VERSION = "1.5.33"
Function = Callable[..., Any]


class Mismatch(Exception):
    """MiniStack is not what the fixes were written for."""


def module(name: str) -> Any:
    """A MiniStack module, untyped as it is: `services.sqs`, `core.lambda_runtime`, …"""
    try:
        return import_module(f"ministack.{name}")
    except ImportError as error:
        raise Mismatch(f"ministack.{name} cannot be imported: {error}") from error


def expect(condition: object, what: str) -> None:
    """Refuse to patch code that has changed shape; `what` says what was looked for."""
    if not condition:
        raise Mismatch(f"expected {what}")


def original(owner: Any, name: str, parameters: str = "") -> Function:
    """The function `owner.name` that a fix is about to wrap, when it still takes exactly these parameters."""
    where = f"{getattr(owner, '__name__', owner)}.{name}"
    expect(callable(getattr(owner, name, None)), f"{where} to exist")
    function: Function = getattr(owner, name)
    found = " ".join(inspect.signature(function).parameters)
    expect(found == parameters, f"{where}({parameters}), found {where}({found})")
    return function


def resource_handler(provisioners: Any, resource_type: str, *operations: str) -> dict[str, Any]:
    """CloudFormation's handlers for one resource type, to be changed in place."""
    handler: dict[str, Any] = provisioners._RESOURCE_HANDLERS.get(resource_type, {})
    expect(set(operations) <= set(handler), f"CloudFormation to {', '.join(operations)} {resource_type}")
    return handler
