"""What it costs to receive a request and to send its answer.

AWS: does not say.
Emulator: its web server (Hypercorn) takes every request through the state machines of h11, two tasks and a queue: two
fifths of what a call costs.
Fix: a plain request (HTTP/1.1, a whole body of known length, nothing about the connection) is read here, and a plain
answer is written here, byte for byte as h11 would. At the first request of another kind, Hypercorn takes the connection
over from where it is; h11 itself frames every other answer.
Goes when: the emulator's web server reads requests in C, and keeps the case of headers.
"""

import asyncio
import re
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib import import_module
from typing import Any
from urllib.parse import unquote

import h11
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.config import Config
from hypercorn.utils import build_and_validate_headers, parse_socket_addr

from emulator.patching import expect, original

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
VALUE = rb"(?:[^\x00\s]+(?:[ \t]+[^\x00\s]+)*)?"
REQUEST_LINE = re.compile(rb"(" + TOKEN + rb") ([!-~]+) HTTP/1\.1")
FIELD = re.compile(rb"(" + TOKEN + rb"):[ \t]*(" + VALUE + rb")[ \t]*")
LENGTH = re.compile(rb"[0-9]{1,15}")
LONGEST_HEAD = 16_384
END_OF_HEAD = b"\r\n\r\n"
ABOUT_THE_CONNECTION = {b"transfer-encoding", b"expect", b"upgrade", b"te", b"http2-settings"}
BODYLESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
CRASHED = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

type Headers = list[tuple[bytes, bytes]]


def apply() -> None:
    original(TCPServer, "__init__", "self app loop config context state reader writer")
    original(TCPServer, "run", "self")
    serving: Any = import_module("hypercorn.asyncio.run")
    expect(serving.TCPServer is TCPServer, "Hypercorn to serve a connection by its TCPServer")
    serving.TCPServer = Connection


@dataclass(frozen=True)
class Request:
    head: bytes
    method: str
    target: bytes
    headers: Headers
    length: int


def parse(head: bytes) -> Request | None:
    """Returns the plain request of this head, which is without its end, or None."""
    first, *lines = head.split(b"\r\n")
    line = REQUEST_LINE.fullmatch(first)
    if not line or line[1] == b"CONNECT":
        return None
    headers: Headers = []
    length, hosts = b"", 0
    for each in lines:
        field = FIELD.fullmatch(each)
        if not field:
            return None
        name, value = field[1].lower(), field[2]
        headers.append((name, value))
        if name == b"host":
            hosts += 1
        elif name == b"content-length":
            if length or not LENGTH.fullmatch(value):
                return None
            length = value
        elif name in ABOUT_THE_CONNECTION or (name == b"connection" and value.lower() != b"keep-alive"):
            return None
    return Request(head, line[1].decode().upper(), line[2], headers, int(length or 0)) if hosts == 1 else None


class Connection:
    """In the place of Hypercorn's own: one connection of a client."""

    def __init__(  # noqa: PLR0913, PLR0917 - Hypercorn's
        self,
        app: Any,
        loop: asyncio.AbstractEventLoop,
        config: Config,
        context: Any,
        state: Any,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.app, self.loop, self.config, self.context, self.state = app, loop, config, context, state
        self.reader, self.writer = reader, writer
        self.buffer = b""
        self.requests = 0
        self.idle = True

    def __await__(self) -> Any:
        return self._run().__await__()

    async def _run(self) -> None:
        socket = self.writer.get_extra_info("socket")
        try:
            self.client = parse_socket_addr(socket.family, socket.getpeername())
            self.server = parse_socket_addr(socket.family, socket.getsockname())
        except OSError:  # it has gone already
            self.writer.close()
            return
        end = self.loop.create_task(self._close_at_the_end())
        try:
            await self._serve()
        finally:
            end.cancel()

    async def _serve(self) -> None:
        while not self.context.terminated.is_set():
            request = await self._next()
            if request is None or not await self._read_until(len(request.head) + len(END_OF_HEAD) + request.length):
                if self.buffer:
                    await TCPServer(self.app, self.loop, self.config, self.context, self.state, self, self.writer)  # type: ignore[arg-type]
                    return
                break
            start = len(request.head) + len(END_OF_HEAD)
            body, self.buffer = self.buffer[start : start + request.length], self.buffer[start + request.length :]
            self.requests += 1
            exchange = Exchange(self, request, body)
            # In a context of its own, as what the emulator notes of one request must not be there in the next.
            task = asyncio.eager_task_factory(self.loop, exchange.run())
            if not task.done():
                await task
            if not exchange.keeps_open:
                break
        self._close()

    async def _next(self) -> Request | None:
        """The next request, if it is plain. Otherwise what there is of it is in the buffer."""
        self.idle = True
        timer = self.loop.call_later(self.config.keep_alive_timeout, self._close)
        try:
            while (end := self.buffer.find(END_OF_HEAD, 0, LONGEST_HEAD)) < 0:
                if len(self.buffer) > LONGEST_HEAD or not await self._read():
                    return None
        finally:
            timer.cancel()
            self.idle = False
        return parse(self.buffer[:end])

    async def _read_until(self, length: int) -> bool:
        while len(self.buffer) < length:
            if not await self._read():
                return False
        return True

    async def _read(self) -> bool:
        try:
            data = await self.reader.read(MAX_RECV)
        except OSError:
            return False
        self.buffer += data
        return bool(data)

    async def read(self, most: int) -> bytes:
        """For Hypercorn: what was read ahead, and then what comes."""
        ahead, self.buffer = self.buffer, b""
        return ahead or await self.reader.read(most)

    def at_eof(self) -> bool:
        return not self.buffer and self.reader.at_eof()

    async def disconnected(self) -> None:
        while await self._read():
            pass

    def _close(self) -> None:
        self.writer.close()

    async def _close_at_the_end(self) -> None:
        await self.context.terminated.wait()
        if self.idle:
            self._close()


class Exchange:
    """One request and its answer, as ASGI sees them."""

    def __init__(self, connection: Connection, request: Request, body: bytes) -> None:
        self.connection, self.request, self.body = connection, request, body
        self.start: dict[str, Any] | None = None
        self.framing: h11.Connection | None = None
        self.received = self.finished = False
        self.keeps_open = False

    async def run(self) -> None:
        connection, (path, _, query) = self.connection, self.request.target.partition(b"?")
        scope = {
            "type": "http",
            "http_version": "1.1",
            "asgi": {"spec_version": "2.1", "version": "3.0"},
            "method": self.request.method,
            "scheme": "http",
            "path": unquote(path.decode("ascii")),
            "raw_path": path,
            "query_string": query,
            "root_path": connection.config.root_path,
            "headers": self.request.headers,
            "client": connection.client,
            "server": connection.server,
            "state": connection.state.copy(),
            "extensions": {},
        }
        try:
            await connection.app(scope, self._receive, self._send, None, None)
        except Exception:  # noqa: BLE001 - it is logged, as by Hypercorn
            await connection.config.log.exception("Error in ASGI Framework")
        if self.start is None or (self.framing is None and not self.finished):
            connection.writer.write(CRASHED)

    async def _receive(self) -> dict[str, Any]:
        if self.received:
            await self.connection.disconnected()
            return {"type": "http.disconnect"}
        self.received = True
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.start = {**message, "headers": build_and_validate_headers(message.get("headers", []))}
            return
        if self.start is None or self.finished:
            raise RuntimeError(f"{message['type']} out of turn")
        body, more = bytes(message.get("body", b"")), message.get("more_body", False)
        plain = None if self.framing or more else self._plain(body)
        data = self._framed(body, more=more) if plain is None else plain
        self.finished = not more
        try:
            self.connection.writer.write(data)
            await self.connection.writer.drain()
        except (ConnectionError, RuntimeError):
            self.keeps_open = False

    def _plain(self, body: bytes) -> bytes | None:
        """The whole answer, unless h11 has to decide something about it."""
        assert self.start
        status, headers, connection = int(self.start["status"]), self.start["headers"], self.connection
        if status in BODYLESS or status < 200 or self.request.method == "HEAD":
            return None
        if connection.requests >= connection.config.keep_alive_max_requests:
            return None
        lines = [_status_line(status)]
        length = b""
        for name, value in (*headers, *connection.config.response_headers("h11")):
            line = b"%b: %b" % (name, value)
            lower = name.lower()
            if not FIELD.fullmatch(line) or lower in {b"connection", b"host", b"transfer-encoding"}:
                return None
            if lower == b"content-length":
                if length:
                    return None
                length = value
            lines.append(line)
        if length != b"%d" % len(body):
            return None
        self.keeps_open = True
        return b"\r\n".join((*lines, b"", body))

    def _framed(self, body: bytes, *, more: bool) -> bytes:
        """The next part of the answer, by h11, in the state in which Hypercorn would have it."""
        assert self.start
        connection, status, data = self.connection, int(self.start["status"]), b""
        if self.framing is None:
            self.framing = h11.Connection(h11.SERVER)
            self.framing.receive_data(self.request.head + END_OF_HEAD + self.body)
            while not isinstance(self.framing.next_event(), h11.EndOfMessage):
                pass
            headers = [*self.start["headers"], *connection.config.response_headers("h11")]
            if connection.requests >= connection.config.keep_alive_max_requests:
                headers.append((b"connection", b"close"))
            data += self.framing.send(h11.Response(status_code=status, headers=headers)) or b""
        if body and status not in BODYLESS and self.request.method != "HEAD":
            data += self.framing.send(h11.Data(data=body)) or b""
        if not more:
            data += self.framing.send(h11.EndOfMessage()) or b""
            self.keeps_open = self.framing.our_state is self.framing.their_state is h11.DONE
        return data


@cache
def _status_line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}".encode()
