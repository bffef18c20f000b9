"""A process is gone when nothing of it is left."""

import subprocess
import sys
from pathlib import Path

import pytest

from emulator.process import GONE_SECONDS, Process, alive, born, until

OUTLIVED_BY_A_THREAD = """
import ctypes, os, sys, threading

def stay():
    print("the first thread ends", flush=True)
    sys.stdin.read()
    os._exit(0)

threading.Thread(target=stay).start()
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only /proc tells of threads")
def test_a_process_whose_first_thread_has_ended_is_alive_until_the_others_have() -> None:
    """It still holds its port."""
    line = [sys.executable, "-c", OUTLIVED_BY_A_THREAD]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        assert started.stdin
        assert started.stdout
        process = Process(started.pid, born(started.pid) or "")
        assert started.stdout.readline() == b"the first thread ends\n"
        until(lambda: _state(started.pid) == "Z", GONE_SECONDS)
        assert alive(process)
        started.stdin.close()
        until(lambda: not alive(process), GONE_SECONDS)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
