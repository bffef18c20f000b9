"""The other side of the webhook: an HTTP server of somebody else's, with little patience for it.

h11 reads and writes HTTP. The sockets stay here, because one deadline holds for all that is done with them: a time-out
of a single read, as HTTP clients have it, starts anew with each byte that comes.
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

# From the look-up of the name to the last line of the answer's header; a whole batch of them must fit into the
# function's own time.
_ANSWER_SECONDS = 10
# Of one address. A name may have several, of which some are dead.
_CONNECT_SECONDS = 3
# What an answer may have before its body, which nobody reads.
_MOST_HEADER_BYTES = 64 * 1024
_MOST_BYTES = 256 * 1024
_CHUNK_BYTES = 16 * 1024

type _Addresses = list[tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]]


class AnswerTooLong(Exception):
    """The endpoint sent more than an answer without its body can have."""


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds, more than none. Raises TimeoutError."""
        if (seconds := self._end - time.monotonic()) <= 0:
            raise TimeoutError
        return seconds


def most_seconds() -> float:
    """How long `post` may take."""
    return _ANSWER_SECONDS


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The status code of the endpoint's acceptance: 200 to 299. Raises Undelivered for everything else, redirects
    included: Standard Webhooks asks senders not to follow them; and for no answer within 10 seconds."""
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
    # A connection per request: one kept over a pause between invocations would often be dead.
    with _connected(url, deadline) as connection:
        _send(connection, b"".join(part for part in parts if part), deadline)
        return _final_status(http, connection, deadline)


def _final_status(http: h11.Connection, connection: socket.socket, deadline: _Deadline) -> int:
    """Of the first response that is not informational: any number of those may come before it (RFC 9110, section 15.2).
    Raises h11.ProtocolError, also where the connection ends before."""
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
    """Of the host. In a thread of its own, because the system's look-up takes as long as it likes."""
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
