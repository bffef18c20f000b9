"""Traces in a folder: what functions send to the X-Ray daemon's port, and what the services add to it.

A document is one line of a file and one system call, so a killed process loses at most what was still in the socket.
The oldest file goes when there are too many. As with the daemon, a burst that the socket cannot hold is lost.
"""

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

FILE_BYTES, FILES = 4 * 1024 * 1024, 16
LARGEST = 64 * 1024  # of a segment document and of a datagram (X-Ray Developer Guide, "Segment documents")
BUFFER = 4 * 1024 * 1024
# Traces that may still grow. Only documents of traces that began here are kept: other users can reach the port, too.
OPEN = 20_000
FILE = "traces-{:08}.jsonl"

type Document = dict[str, Any]


class Traces:
    """The documents of this account, segments and subsegments, in the order in which they arrived."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.Lock()
        self.open: dict[str, None] = {}
        self.file: int | None = None
        self.size = 0
        self.socket: socket.socket | None = None

    def listen(self) -> str:
        """Starts to collect what functions send; their AWS_XRAY_DAEMON_ADDRESS. Only this machine can reach it."""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self.socket.bind(("127.0.0.1", 0))
        threading.Thread(target=self._collect, name="traces", daemon=True).start()
        return f"127.0.0.1:{self.socket.getsockname()[1]}"

    def begin(self, trace_id: str) -> None:
        """From now on, documents of this trace are kept."""
        with self.lock:
            self.open[trace_id] = None
            while len(self.open) > OPEN:
                del self.open[next(iter(self.open))]

    def keep(self, document: Document) -> None:
        line = json.dumps(document, separators=(",", ":")).encode() + b"\n"
        with self.lock:
            if self.file is None or self.size + len(line) > FILE_BYTES:
                self._next_file()
            assert self.file is not None
            os.write(self.file, line)
            self.size += len(line)

    def of(self, trace_ids: set[str]) -> list[Document]:
        """The documents of these traces."""
        wanted = [trace_id.encode() for trace_id in trace_ids]
        found = (json.loads(line) for line in self._lines(wanted) if any(trace_id in line for trace_id in wanted))
        return [document for document in found if document.get("trace_id") in trace_ids]

    def annotated(self, name: str, value: str, since: float, until: float) -> list[str]:
        """The traces of this time with this annotation, oldest first."""
        text = json.dumps(value).encode()
        found = {
            document["trace_id"]: began(document["trace_id"])
            for line in self._lines([text])
            if text in line and value in annotations(document := json.loads(line), name)
        }
        return [trace_id for trace_id, at in sorted(found.items(), key=lambda one: one[1]) if since <= at <= until]

    def _collect(self) -> None:
        assert self.socket is not None
        while True:
            datagram = self.socket.recv(LARGEST)
            _header, _, body = datagram.partition(b"\n")
            with contextlib.suppress(ValueError, TypeError, AttributeError):  # as the daemon, which drops it
                document = json.loads(body)
                if document.get("trace_id") in self.open:
                    self.keep(document)

    def _next_file(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        before = self._files()
        number = int(before[-1].stem.partition("-")[2]) + 1 if before else 1
        path = self.folder / FILE.format(number)
        previous, self.file, self.size = (
            self.file,
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            0,
        )
        if previous is not None:
            os.close(previous)
        for old in before[: len(before) + 1 - FILES]:
            old.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("traces-*.jsonl"))

    def _lines(self, wanted: Sequence[bytes]) -> Iterator[bytes]:
        """The lines of files that contain any of these. A file that contains none is not taken apart."""
        for path in self._files():
            with contextlib.suppress(FileNotFoundError):  # rotated meanwhile
                content = path.read_bytes()
                if any(text in content for text in wanted):
                    yield from (line for line in content.split(b"\n")[:-1] if line.startswith(b"{"))


def began(trace_id: str) -> float:
    """When a trace began, in seconds: its id says so. 0 if it does not."""
    with contextlib.suppress(ValueError, IndexError):
        return float(int(trace_id.split("-")[1], 16))
    return 0.0


def annotations(document: Document, name: str) -> Iterator[Any]:
    """The values of an annotation in a document and in all its subsegments."""
    if name in (document.get("annotations") or {}):
        yield document["annotations"][name]
    for inside in document.get("subsegments") or []:
        yield from annotations(inside, name)


def new_trace_id() -> str:
    return f"1-{int(time.time()):08x}-{os.urandom(12).hex()}"


def new_id() -> str:
    return os.urandom(8).hex()
