"""A run finds its own server, heals a broken one, and leaves everybody else's alone."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import lifecycle, process, server
from emulator.lifecycle import EmulatorError, Running

NOWHERE = Running(0, "", 1, "", "AKIALOCAL", "local")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    lifecycle.stop(tmp_path)


def record(home: Path, running: Running, **changes: Any) -> None:
    (home / "emulator.json").write_text(json.dumps({**vars(running), **changes}))


def test_start_reuse_restart_stop(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = lifecycle.start(home, 0)
    assert lifecycle.start(home) == running, "a healthy server is found again"
    assert lifecycle.status(home) == running

    monkeypatch.setattr(lifecycle, "code_hash", lambda: "changed")
    restarted = lifecycle.start(home)  # where it was, not where others begin
    assert (restarted.pid != running.pid, restarted.port) == (True, running.port), "changed code is not run on"

    os.kill(restarted.pid, signal.SIGSTOP)
    monkeypatch.setattr(lifecycle, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(process, "STOP_SECONDS", 0.1)
    healed = lifecycle.start(home, running.port)
    assert healed.pid != restarted.pid, "a server that does not answer is replaced"

    assert lifecycle.stop(home)
    assert lifecycle.status(home) is None
    assert not lifecycle.stop(home), "stopping twice is no mistake"
    assert process.born(healed.pid) is None


def test_a_port_of_somebody_else_is_said_so(home: Path) -> None:
    with socket.create_server((lifecycle.HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(EmulatorError, match=f"Port {port} is taken.*make run PORT="):
            lifecycle.start(home, port)


def test_a_recycled_process_id_is_nobody_of_ours(home: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    ) as bystander:
        record(home, Running(bystander.pid, "another time", 1, "", "key", "secret"))
        assert lifecycle.status(home) is None
        assert not lifecycle.stop(home)
        assert bystander.poll() is None, "a process that only has the recorded number lives on"
        bystander.communicate(b"\n")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', "null"])
def test_a_torn_record_is_no_server(home: Path, text: str) -> None:
    (home / "emulator.json").write_text(text)
    assert lifecycle.status(home) is None
    assert not lifecycle.stop(home)


def test_a_server_that_cannot_start_says_why(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "SERVER", "emulator.no_such_server")
    with pytest.raises(EmulatorError, match=r"exit code 1\.[\s\S]*no_such_server") as refused:
        lifecycle.start(home, 0)
    assert str(lifecycle.log_of(home)) in str(refused.value)
    assert lifecycle.status(home) is None


def test_another_ministack_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(server, "version", lambda _package: "1.6.0")
    with pytest.raises(SystemExit) as ended:
        server.main()
    assert ended.value.code == server.INCOMPATIBLE
    assert "expected ministack 1.5.33, found 1.6.0" in capsys.readouterr().err


def test_child_tools_see_no_real_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_ENDPOINT_URL_S3", "SAM_CLI_POLL_DELAY"):
        monkeypatch.setenv(name, "real")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "real")
    environment = lifecycle.environment(NOWHERE)
    assert "real" not in environment.values()
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert environment["PATH"] == os.environ["PATH"]


def test_clients_ignore_a_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "real")
    client = lifecycle.client(NOWHERE, "sts")
    assert client.meta.endpoint_url == "http://127.0.0.1:1"
