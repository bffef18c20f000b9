"""An HTTP client for the webhook's endpoint, with one deadline for a whole request.

h11 reads and writes HTTP. The sockets are handled here because HTTP clients only have a time-out per read, which starts
again with each byte that arrives.
"""

import socket
import ssl
import time
from collections.abc import Mapping
from functools import cache
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import SplitResult, urlsplit

import h11

from notify.domain import Undelivered

# From the name look-up to the end of the response header. A whole batch must fit into the function's time-out.
_ANSWER_SECONDS = 10
# Per address. A name may have several, some of which may be unreachable.
_CONNECT_SECONDS = 3
# Limits of a response before its body, which is not read.
_MOST_HEADER_BYTES = 64 * 1024
_MOST_BYTES = 256 * 1024
_CHUNK_BYTES = 16 * 1024

type _Addresses = list[tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]]


class AnswerTooLong(Exception):
    """The response is too long, even without its body."""


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Returns the seconds left, always more than 0. Raises TimeoutError."""
        if (seconds := self._end - time.monotonic()) <= 0:
            raise TimeoutError
        return seconds


def most_seconds() -> float:
    """Returns how long `post` may take."""
    return _ANSWER_SECONDS


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Returns the endpoint's status code, 200 to 299. Raises Undelivered for any other status and if there is no
    response within 10 seconds. Redirects are not followed, as Standard Webhooks asks."""
    try:
        status = _status(url, body, headers)
    except (OSError, UnicodeError, h11.ProtocolError, AnswerTooLong) as failure:
        raise Undelivered(type(failure).__name__) from failure
    if not 200 <= status < 300:
        raise Undelivered(f"HTTP {status}")
    return status


def _status(address: str, body: bytes, headers: Mapping[str, str]) -> int:
    deadline, url = _Deadline(_ANSWER_SECONDS), urlsplit(address)
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEADER_BYTES)
    head = {"Host": url.netloc.rpartition("@")[2], "Connection": "close", "Content-Length": str(len(body)), **headers}
    request = h11.Request(
        method="POST", target=(url.path or "/") + (url.query and f"?{url.query}"), headers=list(head.items())
    )
    parts = [http.send(request), http.send(h11.Data(data=body)), http.send(h11.EndOfMessage())]
    # One connection per request: a kept one would often be dead after a pause between invocations.
    with _connected(url, deadline) as connection:
        _send(connection, b"".join(part for part in parts if part), deadline)
        return _final_status(http, connection, deadline)


def _final_status(http: h11.Connection, connection: socket.socket, deadline: _Deadline) -> int:
    """Returns the status of the final response. Informational ones may come before it (RFC 9110, section 15.2). Raises
    h11.ProtocolError, also if the connection ends early."""
    received = 0
    while True:
        event = http.next_event()
        if isinstance(event, h11.Response):
            return event.status_code
        if event is h11.NEED_DATA:
            connection.settimeout(deadline.left())
            data = connection.recv(_CHUNK_BYTES)
            received += len(data)
            if received > _MOST_BYTES:
                raise AnswerTooLong
            http.receive_data(data)
        elif not isinstance(event, h11.InformationalResponse):
            raise h11.RemoteProtocolError("no response")


def _send(connection: socket.socket, data: bytes, deadline: _Deadline) -> None:
    rest = memoryview(data)
    while rest:
        connection.settimeout(deadline.left())
        rest = rest[connection.send(rest) :]


def _connected(url: SplitResult, deadline: _Deadline) -> socket.socket:
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    failure: OSError = ConnectionError()
    for family, address in _addresses(host, port, deadline):
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(min(_CONNECT_SECONDS, deadline.left()))
            connection.connect(address)
            if url.scheme != "https":
                return connection
            connection.settimeout(deadline.left())
            return _tls().wrap_socket(connection, server_hostname=host)
        except OSError as error:
            connection.close()
            failure = error
    raise failure


def _addresses(host: str, port: int, deadline: _Deadline) -> _Addresses:
    """Returns the host's addresses. The system's look-up has no time-out, so it runs in a thread."""
    found: SimpleQueue[_Addresses | OSError | UnicodeError] = SimpleQueue()

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.put([(answer[0], answer[4]) for answer in answers])
        except (OSError, UnicodeError) as error:
            found.put(error)

    Thread(target=look_up, daemon=True).start()
    try:
        answer = found.get(timeout=deadline.left())
    except Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
