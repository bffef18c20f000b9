"""An HTTP server that receives webhooks about orders. It records the requests, and fails on purpose.

It verifies signatures with its own code, as the Standard Webhooks specification tells receivers to.
"""

import base64
import hashlib
import hmac
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

TOLERANCE_SECONDS = 300

type Trouble = int | Literal["hangs", "hangs up"]


@dataclass(frozen=True)
class Request:
    """One POST as received, and the status of its response, or None if there was none."""

    path: str
    headers: Message
    body: bytes
    status: int | None

    @property
    def id(self) -> str:
        return str(self.headers["webhook-id"])

    @property
    def message(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.body)
        return message

    @property
    def order_id(self) -> str:
        return str(self.message["data"]["order_id"])

    @property
    def type(self) -> str:
        return str(self.message["type"])

    def is_signed_with(self, secret: str, *, at: float | None = None) -> bool:
        sent = int(self.headers["webhook-timestamp"])
        if abs((time.time() if at is None else at) - sent) > TOLERANCE_SECONDS:
            return False
        key = base64.b64decode(secret.removeprefix("whsec_"))
        content = b"%s.%d.%s" % (self.id.encode(), sent, self.body)
        expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        versions = [each.split(",", 1) for each in self.headers["webhook-signature"].split(" ")]
        return any(version == "v1" and hmac.compare_digest(signature, expected) for version, signature in versions)


class Receiver:
    """`requests` are all requests, in the order of their responses."""

    def __init__(self, server: ThreadingHTTPServer, scheme: str) -> None:
        self.url = f"{scheme}://127.0.0.1:{server.server_address[1]}/orders?shop=1"
        self.requests: list[Request] = []
        self._troubles: dict[str, list[Trouble]] = {}
        self._refused: set[str] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def has_trouble_with(self, text: str, *troubles: Trouble) -> None:
        """Makes the next requests that contain this text (an order's id, a sku) end like this, one after the other."""
        with self._lock:
            self._troubles[text] = list(troubles)

    @contextmanager
    def refusing(self, text: str) -> Iterator[None]:
        """Refuses every request that contains this text until the block ends."""
        with self._lock:
            self._refused.add(text)
        yield
        with self._lock:
            self._refused.discard(text)

    @property
    def accepted(self) -> list[Request]:
        return [request for request in self.requests if request.status == 200]

    def about(self, order_id: str) -> list[Request]:
        """Returns every request about this order, accepted or not."""
        return [request for request in self.requests if request.order_id == order_id]

    def accepted_types(self, order_id: str) -> list[str]:
        """Returns the types of the accepted events of this order."""
        return [request.type for request in self.about(order_id) if request.status == 200]

    def _receive(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self._lock:
            trouble = self._outcome(body.decode())
            status = trouble if isinstance(trouble, int) else None
            self.requests.append(Request(handler.path, handler.headers, body, status))
        handler.close_connection = True
        if trouble == "hangs":
            self._closing.wait()
        if status is not None:
            handler.send_response(status)
            handler.send_header("Location", self.url)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

    def _outcome(self, body: str) -> Trouble:
        if any(text in body for text in self._refused):
            return 503
        troubles = next((left for text, left in self._troubles.items() if left and text in body), None)
        return troubles.pop(0) if troubles else 200


@contextmanager
def receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver on a free port of this machine until the block ends; with `tls` over https."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found._receive(self)

        def log_message(self, *_args: Any) -> None:
            """Logs nothing; tests print what they need."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        found = Receiver(server, "https" if tls else "http")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield found
        finally:
            found._closing.set()
            server.shutdown()
            thread.join()


type Talk = Callable[[socket.socket, threading.Event], None]


@contextmanager
def receiver_that(talks: Talk, *, reads: bool = True) -> Iterator[tuple[str, list[bytes]]]:
    """A receiver that handles each connection itself: `talks` gets the socket, and an event that is set when the block
    ends. Returns its address and the requests that it read (none, unless it `reads`)."""
    over, requests = threading.Event(), list[bytes]()

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if reads:
                requests.append(_request_on(connection))
            talks(connection, over)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/orders", requests
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _request_on(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    (length,) = [int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
