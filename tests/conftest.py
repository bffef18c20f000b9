"""What every test gets: no network unless it says why it needs one, and credentials that reach nowhere."""

import os
import socket
from collections.abc import Generator
from typing import Any

import pytest

NEEDS_SOCKETS = ("e2e", "emulator", "build")

for name, value in {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "SAM_CLI_TELEMETRY": "0",
    # Powertools: no daemon to trace to, and a namespace that a function's template would set.
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_METRICS_NAMESPACE": "Cartwheel",
    "AWS_XRAY_SDK_ENABLED": "false",
}.items():
    os.environ[name] = value
# A developer's own profile must not decide what a test does.
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
    os.environ.pop(name, None)


class NetworkBlocked(RuntimeError):
    """A test without one of the markers e2e, emulator, build opened a connection."""


_connect = socket.socket.connect
_resolve = socket.getaddrinfo
_allowed = True


def _guarded_connect(self: socket.socket, address: Any) -> None:
    if not _allowed and self.family != socket.AF_UNIX:
        raise NetworkBlocked(f"unit tests have no network: connect to {address!r}")
    _connect(self, address)


def _guarded_resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
    if not _allowed:
        raise NetworkBlocked(f"unit tests have no network: resolve {host!r}")
    return _resolve(host, *args, **kwargs)


def pytest_configure() -> None:
    socket.socket.connect = _guarded_connect  # type: ignore[assignment,method-assign]
    socket.getaddrinfo = _guarded_resolve


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    global _allowed  # noqa: PLW0603 - one switch per process is what a guard of the process is
    _allowed = any(item.get_closest_marker(name) for name in NEEDS_SOCKETS)
    try:
        return (yield)
    finally:
        _allowed = True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what shares a deployed stack or a build on one worker; the rest runs beside it on the others."""
    for item in items:
        for name in NEEDS_SOCKETS:
            if item.get_closest_marker(name) and not item.get_closest_marker("xdist_group"):
                item.add_marker(pytest.mark.xdist_group(name))
                break
