"""What a cold start costs.

AWS: prepares an execution environment on a processor of its own (Lambda Developer Guide, "Understanding the Lambda
execution environment lifecycle").
Emulator: starts Python anew, which imports the same packages and reads the same models of services again: two thirds of
a cold start, and 40 MB per environment.
Fix: fork environments from a process that has imported what Lambda's runtime and the function's layers bring, and
nothing of any function (`preloaded`). A function that brings a package of its own by one of these names starts anew.
Goes when: MiniStack forks its workers.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from emulator import preloaded
from emulator.fixes.cold_starts import OUR_LAYERS
from emulator.patching import expect, module

DEPLOYMENTS = 4  # sets of layers for which a process is kept
INTERPRETERS = "PYTHON"  # variables that Python reads when it starts
ENDED = -1


def apply() -> None:
    runtime = module("core.lambda_runtime")
    expect(runtime.subprocess is subprocess, "Worker._spawn to use subprocess.Popen")
    if not hasattr(os, "pidfd_open"):  # not on Linux, where forking after imports is safe
        return
    forks = Forks()

    def popen(arguments: Sequence[str], **options: Any) -> Any:
        program, *rest = arguments
        if program != sys.executable or not options.get("text"):
            return subprocess.Popen(arguments, **options)
        return forks.fork(rest[0], options["cwd"], options["env"]) or subprocess.Popen(arguments, **options)

    runtime.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": popen})


class Forks:
    """The processes from which environments are forked: one for each set of layers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._source = lru_cache(maxsize=DEPLOYMENTS)(Source)

    def fork(self, script: str, folder: str, variables: Mapping[str, str]) -> "Environment | None":
        """Returns a new environment; None if it has to start by itself."""
        if any(name.startswith(INTERPRETERS) and os.environ.get(name) != variables[name] for name in variables):
            return None
        with self._lock:
            source = self._source(variables.get(OUR_LAYERS, ""))
            if not source.names.isdisjoint(entry.name.partition(".")[0] for entry in Path(folder).iterdir()):
                return None
            try:
                return source.fork({"script": script, "folder": folder, "variables": dict(variables)})
            except (OSError, ValueError):  # somebody has ended it
                self._source.cache_clear()
                return None


class Source:
    """A process that forks environments. It ends with the last reference to this object, or with the server."""

    def __init__(self, layers: str) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            subprocess.Popen(
                [sys.executable, "-P", str(preloaded.__file__), *filter(None, layers.split(os.pathsep))],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd=Path(sys.executable).parent,
                env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            )
        self.names: frozenset[str] = frozenset(json.loads(self._control.recv(preloaded.MOST_BYTES) or b"[]"))

    def fork(self, environment: Mapping[str, Any]) -> "Environment":
        (stdin, write), (read_out, stdout), (read_error, stderr) = (os.pipe() for _ in range(3))
        try:
            socket.send_fds(self._control, [json.dumps(environment).encode()], [stdin, stdout, stderr])
            process, (descriptor,), _, _ = socket.recv_fds(self._control, 32, 1)
        except (OSError, ValueError):
            for mine in (write, read_out, read_error):
                os.close(mine)
            raise
        finally:
            for theirs in (stdin, stdout, stderr):
                os.close(theirs)
        return Environment(int(process), descriptor, write, read_out, read_error)


class Environment:
    """What the emulator uses of `subprocess.Popen`."""

    def __init__(self, pid: int, descriptor: int, stdin: int, stdout: int, stderr: int) -> None:
        self.pid, self._descriptor = pid, descriptor
        self.stdin, self.stdout, self.stderr = open(stdin, "w", buffering=1), open(stdout), open(stderr)  # noqa: SIM115
        self.returncode: int | None = None
        weakref.finalize(self, os.close, descriptor)

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        ended = self._ended(None if timeout is None else timeout * 1000)
        if ended is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return ended

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _ended(self, milliseconds: float | None) -> int | None:
        if self.returncode is None:
            watch = select.poll()
            watch.register(self._descriptor, select.POLLIN)
            if watch.poll(milliseconds):
                self.returncode = ENDED
        return self.returncode

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._descriptor, number)
