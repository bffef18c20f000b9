"""Files that only this user may read: keys, passwords and the account's state."""

import os
from pathlib import Path

OWNER_ONLY, OWNERS_FOLDER = 0o600, 0o700


def folder(path: Path) -> None:
    """Creates the folder if necessary, and makes it private."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(OWNERS_FOLDER)


def write(path: Path, text: str) -> None:
    """Replaces the file in one step, so that a reader sees either the old text or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY), "w") as file:
            file.write(text)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
