"""For every test: no network unless a marker says why it is needed, and credentials that are valid nowhere."""

import os
from collections.abc import Generator

import pytest

from tests.support import network

NEEDS_SOCKETS = ("e2e", "emulator", "build", "loopback")

for name, value in {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "SAM_CLI_TELEMETRY": "0",
    # Powertools: no tracing daemon, and the namespace that a function's template would set.
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_METRICS_NAMESPACE": "Cartwheel",
    "AWS_XRAY_SDK_ENABLED": "false",
}.items():
    os.environ[name] = value
# A developer's own profile must not affect a test.
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
    os.environ.pop(name, None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    network.allow(any(item.get_closest_marker(name) for name in NEEDS_SOCKETS))
    try:
        return (yield)
    finally:
        network.allow(True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps tests that share a deployed stack or a build on one worker. The others run in parallel on the other
    workers."""
    for item in items:
        for name in NEEDS_SOCKETS:
            if item.get_closest_marker(name) and not item.get_closest_marker("xdist_group"):
                item.add_marker(pytest.mark.xdist_group(name))
                break


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the figures that tests recorded (`record_property("figures", …)`)."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    figures = [value for report in reports for name, value in report.user_properties if name == "figures"]
    if figures:
        terminalreporter.section("figures")
        for line in figures:
            terminalreporter.line(str(line))
