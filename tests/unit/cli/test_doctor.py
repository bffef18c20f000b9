"""`./shop doctor`: what it says, also where there is no account to ask."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cli.commands import doctor as command
from deployed.doctor import asking, machine, plan
from deployed.doctor.check import Check, State, ok
from deployed.meter.prices import list_prices
from tests.support.front_door import Result
from tools.expand import ROOT

type Run = Callable[..., Result]
CONFIG = ROOT / "samconfig.toml"


def test_an_environment_that_is_not_configured_is_a_wrong_call(run: Run) -> None:
    said = run("doctor", "--config-env", "nope")
    assert said.code == 2
    assert "staging" in said.err


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the programs of this machine."""
    monkeypatch.setattr(machine, "machine", lambda _environment: iter([ok("make", "GNU Make")]))


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials and no region anywhere."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")


def checks(said: Result) -> dict[str, dict[str, Any]]:
    return {check["check"]: check for check in said.json["checks"]}


@pytest.mark.usefixtures("quick", "nobody")
def test_without_credentials_and_region_both_are_named(run: Run) -> None:
    said = run("doctor", "--json")
    assert said.code == 1
    assert said.json["ok"] is False
    found = checks(said)
    assert found["region"] == {
        "check": "region",
        "state": "problem",
        "said": "none is set",
        "todo": "Use --region, or set AWS_REGION.",
    }
    assert found["credentials"]["said"] == "no credentials were found"
    assert found["price"]["state"] == "ok"  # what needs no account is looked at all the same
    assert said.json["usd_a_month"] == plan.monthly(plan.plan(CONFIG, "default", "", None).resources, list_prices().usd)


@pytest.mark.usefixtures("quick", "nobody")
def test_a_profile_that_is_not_there_is_named(run: Run) -> None:
    said = run("--profile", "nope", "doctor", "--json")
    assert said.code == 1
    assert "nope" in checks(said)["credentials"]["said"]


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of somebody who takes calls and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.loopback
@pytest.mark.usefixtures("quick")
def test_an_aws_that_does_not_answer_is_waited_for_no_longer_than_promised(
    run: Run, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", silent)
    monkeypatch.setattr(asking.TimeBudget, "__init__", lambda self: setattr(self, "left", 0.2))
    said = run("doctor", "--json")
    assert said.code == 1
    assert checks(said)["credentials"]["said"] == "AWS did not respond within 5 s"


@pytest.mark.loopback
@pytest.mark.usefixtures("quick")
def test_without_a_network_it_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    found = checks(run("--region", "eu-central-1", "doctor", "--json"))
    assert found["region"]["said"] == "eu-central-1"
    assert found["credentials"]["said"] == "AWS cannot be reached"


def test_one_line_says_what_was_found_and_one_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [ok("make", "GNU Make 4.3"), Check("region", State.PROBLEM, "none is set", "Give --region.")]
    monkeypatch.setattr(command, "_examined", lambda *_: (found, {}))
    said = run("doctor")
    assert said.code == 1
    lines = [line.strip() for line in said.out.splitlines() if line.strip()]
    assert [line.split() for line in lines] == [
        ["✓", "make", "GNU", "Make", "4.3"],
        ["✗", "region", "none", "is", "set"],
        ["Give", "--region."],
        ["✗", "Not", "ready:", "1", "of", "2", "checks", "found", "a", "problem."],
    ]
