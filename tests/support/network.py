"""Turns the network of this process off, as for unit tests."""

import socket
from typing import Any

_connect = socket.socket.connect
_resolve = socket.getaddrinfo


class NetworkBlocked(BaseException):
    """A test without one of the markers e2e, emulator, build, loopback used the network. No handler's `except
    Exception` hides it."""


def _refused_connect(self: socket.socket, address: Any) -> None:
    if self.family == socket.AF_UNIX:
        return _connect(self, address)
    raise NetworkBlocked(f"unit tests have no network: connect to {address!r}")


def _refused_resolve(host: Any, *_args: Any, **_kwargs: Any) -> Any:
    raise NetworkBlocked(f"unit tests have no network: resolve {host!r}")


def allow(allowed: bool) -> None:
    socket.socket.connect = _connect if allowed else _refused_connect  # type: ignore[assignment,method-assign]
    socket.getaddrinfo = _resolve if allowed else _refused_resolve
