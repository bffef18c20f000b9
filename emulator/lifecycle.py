"""Starts, finds, restarts and stops the embedded AWS that belongs to one folder.

`start(home)` leaves a server running in the background and returns once it is healthy. A later `start` finds it again.
It restarts the server, and says so, if the server does not respond, if another port is requested, or if the emulator's
code has changed. If another program uses the port, it says so clearly. The account's data outlives the server, in
`state/` (see `state`).
"""

import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import boto3
import botocore.session

from emulator import private, process
from emulator.process import Process

HOST = "127.0.0.1"
REGION = "us-east-1"
DEFAULT_PORT = 4566
PROJECT = Path(__file__).resolve().parent.parent
HEALTH = "/_ministack/health"
SERVER = "emulator.server"
STATE = "state"
START_SECONDS = 30.0
# A busy server on a busy machine may take seconds to respond.
PATIENCE_SECONDS = 10.0
# The environment variables that the server and its functions may see: no credentials, no PYTHONPATH.
INHERITED = ("HOME", "LANG", "LC_ALL", "PATH", "TZ", "SSL_CERT_FILE")
MINE = (
    *("server.py", "patching.py", "policies.py", "state.py", "tap.py", "faults.py", "traces.py", "preloaded.py"),
    "fixes/*.py",
)


class EmulatorError(Exception):
    """The embedded AWS cannot do what was asked. The message is for a person."""


@dataclass(frozen=True)
class Running(Process):
    """A server as recorded in `emulator.json`. Its process group contains the functions' processes."""

    port: int
    code: str  # hash of the server's code
    access_key_id: str  # of the account's root user, who may do everything
    secret_access_key: str = field(repr=False)

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"


def start(
    home: Path, port: int | None = None, *, wait: float = START_SECONDS, tell: Callable[[str], None] = print
) -> Running:
    """Returns the healthy server of `home`, and starts it with the last saved state if necessary. `port` 0 takes a free
    port; None keeps the last one, or the default. `tell` is called with the reason if a running server has to be
    stopped. Raises EmulatorError."""
    private.folder(home)
    with _locked(home):
        running = _recorded(home)
        if running:
            reason = _why_it_must_end(running, port)
            if reason is None:
                return running
            tell(reason)
            _end(running)
        return _launch(home, _free_port() if port == 0 else port or _last_port(home), wait)


def _why_it_must_end(running: Running, port: int | None) -> str | None:
    if not healthy(running):
        return (
            f"The embedded AWS did not respond within {PATIENCE_SECONDS:.0f} s, so it is restarted from its saved state"
        )
    if port not in (None, 0, running.port):
        return f"The shop moves from port {running.port} to {port}, with all its data"
    if running.code != code_hash():
        return "The embedded AWS's code has changed, so it is restarted with all its data"
    return None


def has_state(home: Path) -> bool:
    """Whether there is saved state of an earlier server of `home`."""
    return (home / STATE).exists()


def set_aside(home: Path) -> Path:
    """Makes the next start an empty account. Returns where the earlier state is now."""
    aside = home / f"{STATE}.old"
    shutil.rmtree(aside, ignore_errors=True)
    (home / STATE).rename(aside)
    return aside


def stop(home: Path) -> bool:
    """Stops the server of `home` and its functions' processes. Returns False if none was running."""
    if not home.is_dir():
        return False
    with _locked(home):
        running = _recorded(home)
        if running:
            _end(running)
        return running is not None


def status(home: Path) -> Running | None:
    """Returns the healthy server of `home`, if there is one."""
    running = _recorded(home)
    return running if running and healthy(running) else None


def environment(running: Running) -> dict[str, str]:
    """Returns the environment for a child process that uses the embedded AWS: everything from this environment except
    AWS settings, so that a person's real credentials and profiles can never be used."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "SAM_"))}
    return inherited | settings(running)


def settings(running: Running) -> dict[str, str]:
    """Returns only the AWS settings of `environment`."""
    return {
        "AWS_ENDPOINT_URL": running.endpoint,
        "AWS_ACCESS_KEY_ID": running.access_key_id,
        "AWS_SECRET_ACCESS_KEY": running.secret_access_key,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "SAM_CLI_TELEMETRY": "0",
        "NO_PROXY": "localhost,127.0.0.1",
        "no_proxy": "localhost,127.0.0.1",
    }


def client(running: Running, service: str, **options: Any) -> Any:
    """Returns a boto3 client of the embedded AWS, whatever credentials, profile or endpoints this process has."""
    isolated = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    session = boto3.Session(
        aws_access_key_id=running.access_key_id,
        aws_secret_access_key=running.secret_access_key,
        region_name=REGION,
        botocore_session=isolated,
    )
    return session.client(service, endpoint_url=running.endpoint, **options)  # type: ignore[call-overload]


def healthy(running: Running) -> bool:
    connection = http.client.HTTPConnection(HOST, running.port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", HEALTH)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def code_hash() -> str:
    """Returns a hash of the code that the server would run."""
    digest = hashlib.sha256(f"{version('ministack')} {sys.version}".encode())
    for pattern in MINE:
        for path in sorted((PROJECT / "emulator").glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def log_of(home: Path) -> Path:
    return home / "emulator.log"


def _launch(home: Path, port: int, wait: float) -> Running:
    if _listening(port):
        raise EmulatorError(
            f"Port {port} is taken by another program. Stop it, or choose another port: make run PORT={port + 1}"
        )
    key = f"AKIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30)
    scratch = home / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)  # unpacked functions of an earlier run
    scratch.mkdir()
    with log_of(home).open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", SERVER],
            cwd=PROJECT,
            env=_server_environment(port, scratch) | {"AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": key[1]},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            umask=0o077,
            start_new_session=True,  # a group of its own: a Ctrl-C here does not reach it, and its workers end with it
        )
    running = Running(server.pid, process.born(server.pid) or "", port, code_hash(), *key)
    private.write(_record(home), json.dumps(asdict(running) | {"endpoint": running.endpoint}, indent=2) + "\n")
    try:
        process.until(lambda: server.poll() is not None or healthy(running), wait)
    except TimeoutError:
        _end(running)
    if server.poll() is not None:
        _forget(home)
        raise EmulatorError(_why_it_ended(home, server.returncode, wait))
    return running


def _server_environment(port: int, scratch: Path) -> dict[str, str]:
    inherited = {key: os.environ[key] for key in INHERITED if key in os.environ}
    return inherited | {
        "AUTH": "true",
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "1",
        "PYTHONUNBUFFERED": "1",
        "STATE_DIR": str(scratch.parent / STATE),
        "TMPDIR": str(scratch),
    }


def _why_it_ended(home: Path, code: int, wait: float) -> str:
    tail = "\n".join(log_of(home).read_text(errors="replace").splitlines()[-15:])
    what = f"did not answer within {wait:.0f} s" if code < 0 else f"ended with exit code {code}"
    return f"The embedded AWS {what}. The end of {log_of(home)}:\n{tail}"


def _end(running: Running) -> None:
    try:
        process.end(running)
    except TimeoutError as error:
        raise EmulatorError(f"The embedded AWS: {error}. Stop it by hand.") from error
    # A process disappears before the last of its threads, which hold the port a moment longer.
    with contextlib.suppress(TimeoutError):
        process.until(lambda: not _listening(running.port), process.GONE_SECONDS)


def _recorded(home: Path) -> Running | None:
    """Returns the server in `emulator.json`, if that process still exists."""
    try:
        record = json.loads(_record(home).read_text())
        key = str(record["access_key_id"]), str(record["secret_access_key"])
        running = Running(int(record["pid"]), str(record["born"]), int(record["port"]), str(record["code"]), *key)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return running if process.alive(running) else None


def _last_port(home: Path) -> int:
    try:
        return int(json.loads(_record(home).read_text())["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return DEFAULT_PORT


def _record(home: Path) -> Path:
    return home / "emulator.json"


def _forget(home: Path) -> None:
    _record(home).unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Lets two concurrent runs take turns."""
    with (home / "emulator.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        number: int = probe.getsockname()[1]
        return number
