"""What `make run` remembers, and that two of them do not meet."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from emulator import deploy, lifecycle, up
from emulator.deploy import Stack
from emulator.lifecycle import EmulatorError, Running

RUNNING = Running(0, "", 4566, "", "AKIALOCAL", "local")
STACK = Stack(
    api_url="http://localhost:4566/api",
    endpoint_url=RUNNING.endpoint,
    region="us-east-1",
    stack_name="cartwheel",
    user_pool_id="pool",
    user_pool_client_id="client",
    storefront_url="http://d1.cloudfront.localhost:4566/",
    access_key_id="AKIALOCAL",
    secret_access_key="local",
)


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, str]]:
    """The parameters of each deployment of a run that starts and deploys nothing."""
    found: list[Mapping[str, str]] = []

    def deploying(_home: Path, _running: Running, _report: Any, parameters: Mapping[str, str]) -> Stack:
        found.append(parameters)
        return STACK

    monkeypatch.setattr(lifecycle, "start", lambda *_arguments, **_options: RUNNING)
    monkeypatch.setattr(deploy, "stuck", lambda _running: False)
    monkeypatch.setattr(deploy, "deploy", deploying)
    monkeypatch.setattr(up, "first_order", lambda _home, _running: None)
    return found


def test_parameters_stay_until_they_are_given_again(tmp_path: Path, deployed: list[Mapping[str, str]]) -> None:
    for parameters in ("CheckoutType=EXPRESS", "", "ClickstreamMode=OFF", "CheckoutType=STANDARD"):
        up.up(home=tmp_path, parameters=parameters)
    assert [dict(each) for each in deployed] == [
        {"Kafka": "none", "CheckoutType": "EXPRESS"},
        {"Kafka": "none", "CheckoutType": "EXPRESS"},
        {"Kafka": "none", "CheckoutType": "EXPRESS", "ClickstreamMode": "OFF"},
        {"Kafka": "none", "CheckoutType": "STANDARD", "ClickstreamMode": "OFF"},
    ]


def test_what_could_not_be_deployed_is_not_remembered(
    tmp_path: Path, deployed: list[Mapping[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_arguments: Any) -> Stack:
        raise EmulatorError("sam deploy failed")

    with monkeypatch.context() as once:
        once.setattr(deploy, "deploy", refused)
        with pytest.raises(EmulatorError):
            up.up(home=tmp_path, parameters="CheckoutType=EXPRESS")
    up.up(home=tmp_path)
    assert [dict(each) for each in deployed] == [{"Kafka": "none"}]


def test_a_second_run_waits_for_the_first_and_says_so(
    tmp_path: Path,
    deployed: list[Mapping[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ordering, over = threading.Event(), threading.Event()

    def order(_home: Path, _running: Running) -> None:
        ordering.set()
        assert over.wait(10)

    monkeypatch.setattr(up, "first_order", order)
    runs = [threading.Thread(target=up.up, kwargs={"home": tmp_path}) for _ in range(2)]
    runs[0].start()
    assert ordering.wait(10)
    runs[1].start()
    said = ""
    deadline = time.monotonic() + 10
    while "Another `make run` is working" not in said:
        assert time.monotonic() < deadline
        said += capsys.readouterr().out
    assert len(deployed) == 1
    over.set()
    for run in runs:
        run.join(10)
    assert len(deployed) == 2
