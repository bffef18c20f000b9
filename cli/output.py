"""All output of the command line goes through here: stored text cannot control the terminal, and a failed write is
noticed.

Every text passes through `Terminal` or `as_json`, so that no command can forget either.
"""

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from deployed.errors import CommandError
from shopkit.printing import harmless_lines

# The exit code that a shell reports for a program ended by SIGPIPE.
_BROKEN_PIPE = 128 + 13


class OutputLost(CommandError):
    """stdout did not accept all of the output."""


class ReaderGone(OutputLost):
    """The reader of the pipe has closed it, as `head` does. No message is needed, but the output is incomplete."""

    exit_code = _BROKEN_PIPE

    def __init__(self) -> None:
        super().__init__("")


class Terminal(Console):
    """Rich's console, which prints stored text as plain text. Only the console itself emits colours and other control
    sequences."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            text = segment.text if segment.control else harmless_lines(segment.text)
            yield segment if text == segment.text else Segment(text, segment.style)

    def on_broken_pipe(self) -> None:
        raise  # noqa: PLE0704 - Rich calls this while it handles the error, and would end the program


def as_json(document: Any, *, indent: int | None = None) -> str:
    """Returns the document as JSON text that every terminal treats as text and stdout can encode. Its meaning is
    unchanged."""
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    if not _encodable(text):
        return json.dumps(document, indent=indent)
    # json escapes C0 controls itself. Others are legal in JSON, but equally harmful.
    return "".join(one if harmless_lines(one) == one else f"\\u{ord(one):04x}" for one in text)


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """Wraps every write to stdout. Raises OutputLost."""
    try:
        yield
    except BrokenPipeError:
        raise ReaderGone from None
    except OSError as error:
        raise OutputLost(f"The output could not be written: {error.strerror or error}.") from None


def begin() -> None:
    """Raises OutputLost if stdout is closed (`>&-`), before a command does anything whose result could not be shown."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ✓ shows a question mark
    if sys.stdout is None:
        raise OutputLost("The output could not be written: stdout is closed.")


def end() -> None:
    """Flushes all output. Raises OutputLost; then Python has nothing left to write at exit."""
    with contextlib.suppress(OutputLost):
        _flush(sys.stderr)
    _flush(sys.stdout)


def _flush(stream: TextIO | None) -> None:
    if stream is None:
        return
    try:
        with writing():
            stream.flush()
    except OutputLost:
        with contextlib.suppress(OSError), Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())
        raise


def _encodable(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
