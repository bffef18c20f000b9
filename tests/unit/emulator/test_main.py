"""`python -m emulator` where its output cannot go."""

import os
import subprocess
import sys

import pytest

from deployed.stack import PROJECT


def status(redirected: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f'"{sys.executable}" -m emulator status {redirected}'],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_full_disk_is_one_line() -> None:
    done = status("> /dev/full")
    assert (done.returncode, done.stderr) == (1, "✗ No space left on device\n")


@pytest.mark.parametrize("redirected", [">&-", "2>&-", "| true"])
def test_a_closed_output_has_no_traceback(redirected: str) -> None:
    assert "Traceback" not in status(redirected).stderr


def test_a_terminal_that_knows_few_characters_is_no_fault() -> None:
    done = status("", PYTHONIOENCODING="ascii")
    assert (done.stderr, done.stdout.count("\n")) == ("", 1)
