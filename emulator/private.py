"""Files that only this user may read: keys, passwords and the state of the account."""

import os
from pathlib import Path

OWNER_ONLY, OWNERS_FOLDER = 0o600, 0o700


def folder(path: Path) -> None:
    """Make it where it is missing, and close it to others."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(OWNERS_FOLDER)


def write(path: Path, text: str) -> None:
    """Replace the file in one step, so that a reader sees the old text or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY), "w") as file:
            file.write(text)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
