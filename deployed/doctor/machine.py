"""Checks the programs that `sam build` needs on this machine."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from deployed.doctor.check import Check, ok, problem, warning

_PATIENCE_SECONDS = 20.0


def machine(environment: Path) -> Iterator[Check]:
    """`environment` is this project's .venv, which `make` puts first on the path."""
    yield _program("SAM CLI", "sam", ["--version"], environment, "Install the AWS SAM CLI.")
    yield _program(
        "Python 3.13", "python3.13", ["--version"], environment, "Install it, or use one of pyenv's or uv's."
    )
    yield _program("pip", "python3.13", ["-m", "pip", "--version"], environment, "python3.13 -m ensurepip")
    yield _program("make", "make", ["--version"], environment, "Install GNU make.")


def _program(name: str, program: str, words: list[str], environment: Path, todo: str) -> Check:
    for path in filter(None, (shutil.which(program), shutil.which(program, path=str(environment / "bin")))):
        version = _version_of([path, *words])
        if version is None:
            continue
        if Path(path).parent == environment / "bin":
            return warning(name, f"only in .venv: {version}", f"`make deploy` uses it; for `sam` by itself: {todo}")
        return ok(name, version)
    return problem(name, "not found", todo)


def _version_of(command: list[str]) -> str | None:
    """Returns the first line of the program's output, or None if it fails."""
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout.partition("\n")[0].partition(" from ")[0] if ran.returncode == 0 else None
