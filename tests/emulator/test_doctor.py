"""`./shop doctor` asks an account what it needs to know, and only asks."""

import json
import re
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.config import Config

from cli.app import main
from deployed.doctor import account, machine
from deployed.doctor.asking import CONFIG, TimeBudget
from deployed.doctor.check import ok
from emulator import lifecycle
from emulator.lifecycle import Running

PATIENCE_SECONDS = 60.0


@pytest.fixture
def asked(running: Running, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every call that is made, in the embedded AWS's account."""
    for name, value in lifecycle.settings(running).items():
        monkeypatch.setenv(name, value)
    # A machine that runs other tests beside it may be slower than the doctor waits.
    monkeypatch.setattr(account, "TimeBudget", lambda: TimeBudget(left=PATIENCE_SECONDS))
    monkeypatch.setattr(account, "CONFIG", CONFIG.merge(Config(read_timeout=PATIENCE_SECONDS)))
    monkeypatch.setattr(machine, "machine", lambda _environment: iter([ok("make", "GNU Make")]))
    calls: list[str] = []
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def recorded(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        calls.append(operation)
        return call(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", recorded)
    return calls


def test_an_account_that_has_room_is_told_so(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert (code, said["ok"]) == (0, True), said
    found = {check["check"]: check for check in said["checks"]}
    assert found["credentials"]["said"].startswith("account 000000000000")
    assert found["Lambda"]["state"] == "ok"
    assert {"stacks", "tables", "buckets", "REST APIs", "state machines", "roles", "shards", "price"} <= found.keys()
    assert len(asked) > 10
    assert [name for name in asked if not re.match(r"(Get|List|Describe)[A-Z]", name)] == []


def test_a_sender_that_nobody_verified_is_a_problem(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json", "--parameters", "SenderEmail=nobody@example.com Kafka=msk-serverless"])
    found = {check["check"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert code == 1
    assert found["e-mail"]["state"] == "problem"
    assert found["networks"]["state"] == "ok"
    assert "GetEmailIdentity" in asked
