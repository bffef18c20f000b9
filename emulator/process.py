"""Background processes: checks whether the process that was started still exists, and stops it."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS = 10.0  # time for it to save its state
GONE_SECONDS = 5.0


@dataclass(frozen=True)
class Process:
    """The leader of a process group, as recorded by a run."""

    pid: int
    born: str  # start time according to the system; it shows whether a pid was reused


def alive(process: Process) -> bool:
    """Whether it still exists and is the process that was started. No other process is ever signalled."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)  # reaps it if it is a child of this process
    return bool(process.born) and born(process.pid) == process.born


def end(process: Process) -> None:
    """Sends SIGTERM, then SIGKILL, to its whole group. Raises TimeoutError if it survives both."""
    for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, GONE_SECONDS)):
        if alive(process):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(TimeoutError):
                until(lambda: not alive(process), seconds)
    if alive(process):
        raise TimeoutError(f"process {process.pid} does not end")


def born(pid: int) -> str | None:
    """Returns when the process started, or None if it does not exist."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            # The command's name may contain spaces and parentheses, so count fields from the last parenthesis.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return None
        state, threads, started = fields[0], int(fields[17]), fields[19]
        # As long as one thread is left, its files and sockets stay open, even if the first thread is a zombie
        # (proc_pid_stat(5)).
        return None if state == "Z" and threads <= 1 else started
    listed = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = listed.stdout.strip().partition(" ")
    return started.strip() if started and not state.startswith("Z") else None


def until(condition: Callable[[], bool], seconds: float) -> None:
    """Waits for the condition. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)
