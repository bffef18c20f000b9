"""An in-memory AWS behind `shopkit.aws.client`: real boto3 clients, whose calls end here instead of on the network.

boto3 validates parameters, and errors are boto3's own exceptions. Every call passes one boundary, where a test can
count it, stop before it, crash at it, or make it fail.
"""

import os
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch

import boto3
from botocore.validate import validate_parameters

from shopkit import aws
from tests.simulation.expressions import NotModelled
from tests.simulation.small_dynamodb import Refusal

type Answer = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One AWS call by the handler of `function`."""

    function: str
    service: str
    operation: str
    parameters: Mapping[str, Any]

    @property
    def tables(self) -> set[str]:
        """The tables that a DynamoDB call uses."""
        actions = [next(iter(action.values())) for action in self.parameters.get("TransactItems", [])]
        named: set[str] = {part["TableName"] for part in (self.parameters, *actions) if "TableName" in part}
        return named.union(self.parameters.get("RequestItems", {}))

    def __str__(self) -> str:
        return f"{self.service}.{self.operation} of {self.function}"


type Perform = Callable[[], Answer]
type Boundary = Callable[[Call, Perform], Answer]


def untouched(_call: Call, perform: Perform) -> Answer:
    return perform()


class SmallAWS:
    """`services` handle calls by service name and raise Refusal. `boundary` is called before them. A table or service
    in `down` only returns errors."""

    def __init__(self, services: Mapping[str, Callable[[str, Mapping[str, Any]], Answer]]) -> None:
        self.services = services
        self.down: set[str] = set()
        self.boundary: Boundary = untouched

    def call(self, call: Call) -> Answer:
        """Makes the call. Raises Refusal, and what the boundary raises."""
        if call.service not in self.services:
            raise NotModelled(str(call))
        return self.boundary(call, lambda: self._perform(call))

    def _perform(self, call: Call) -> Answer:
        if self.down & {call.service, *call.tables}:
            raise Refusal("InternalServerError")
        return self.services[call.service](call.operation, call.parameters)


_installed: list[SmallAWS] = []
# The name and variables of the running function. Each has its own, even if several take turns in one process.
_function: ContextVar[tuple[str, Mapping[str, str]]] = ContextVar("function", default=("nobody", {}))


@contextmanager
def installed(double: SmallAWS) -> Iterator[None]:
    """Within this context, shopkit's clients call this double, and os.environ is that of the running function."""
    _forget_clients()
    _installed.append(double)
    try:
        with (
            patch.object(boto3, "client", lambda service, **_options: new_client(service)),
            patch.object(os, "environ", _Environment(os.environ)),
        ):
            yield
    finally:
        _installed.pop()
        _forget_clients()


def _forget_clients() -> None:
    cached: Any = aws.client
    cached.cache_clear()


@contextmanager
def running_as(function: str, variables: Mapping[str, str]) -> Iterator[None]:
    token = _function.set((function, variables))
    try:
        yield
    finally:
        _function.reset(token)


@cache
def new_client(service: str) -> Any:
    """Returns a client that calls the installed double. There is one per service and process, because creating it takes
    time."""
    client = _make_client(service)

    def call(operation: str, parameters: dict[str, Any]) -> Answer:
        validate_parameters(parameters, client.meta.service_model.operation_model(operation).input_shape)
        try:
            return _installed[-1].call(Call(_function.get()[0], service, operation, parameters))
        except Refusal as refusal:
            answer = {"Error": {"Code": refusal.code, "Message": refusal.code}, **refusal.more}
            raise client.exceptions.from_code(refusal.code)(answer, operation) from None

    client._make_api_call = call
    return client


_make_client: Any = boto3.client


class _Environment(MutableMapping[str, str]):
    """The process's variables, overlaid by those of the running function."""

    def __init__(self, process: MutableMapping[str, str]) -> None:
        self._process = process

    def __getitem__(self, name: str) -> str:
        variables = _function.get()[1]
        return variables[name] if name in variables else self._process[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._process, **_function.get()[1]})

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __setitem__(self, name: str, value: str) -> None:
        self._process[name] = value

    def __delitem__(self, name: str) -> None:
        del self._process[name]

    def copy(self) -> dict[str, str]:
        """boto3 calls it, as os.environ has it."""
        return dict(self)
