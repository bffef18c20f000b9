"""Processes that run on in the background: whether the one that was started is still there, and how it ends."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS = 10.0  # to save what it holds
GONE_SECONDS = 5.0


@dataclass(frozen=True)
class Process:
    """The head of a process group of its own, as the record of a run keeps it."""

    pid: int
    born: str  # when it started, as the system tells: a recycled pid has another


def alive(process: Process) -> bool:
    """Whether it still exists and is the one that was started: nothing else is ever signalled."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)  # when it is our own child, let it go
    return bool(process.born) and born(process.pid) == process.born


def end(process: Process) -> None:
    """SIGTERM, then SIGKILL, to its whole group. Raises TimeoutError when it outlives both."""
    for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, GONE_SECONDS)):
        if alive(process):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(TimeoutError):
                until(lambda: not alive(process), seconds)
    if alive(process):
        raise TimeoutError(f"process {process.pid} does not end")


def born(pid: int) -> str | None:
    """When the process started, or None when there is none."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            # The command's name may hold spaces and parentheses: count fields from the last parenthesis on.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return None
        state, threads, started = fields[0], int(fields[17]), fields[19]
        # While a thread is left, so are the files and sockets, though the first one may be a zombie (proc_pid_stat(5)).
        return None if state == "Z" and threads <= 1 else started
    listed = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = listed.stdout.strip().partition(" ")
    return started.strip() if started and not state.startswith("Z") else None


def until(condition: Callable[[], bool], seconds: float) -> None:
    """Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)
