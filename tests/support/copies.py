"""A fresh copy of what git tracks, in which commands run as a reader types them."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

from emulator import lifecycle

ROOT = lifecycle.PROJECT


class Copy:
    """Shares this environment's packages. `port` is free for its shop."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tracked = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.split("\0")
        for name in filter(None, tracked):
            if (ROOT / name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        self.port = free_port()
        (folder / ".venv").symlink_to(ROOT / ".venv")

    def run(self, script: str, environment: dict[str, str] | None = None, answer: str = "") -> str:
        finished = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=environment or os.environ | {"PORT": str(self.port)},
            input=answer,
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, f"$ {script}\n{finished.stdout}\n{finished.stderr}"
        return finished.stdout


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port
