"""Somebody's HTTP server that follows orders by webhook: it remembers what came, and fails on purpose.

It verifies as the Standard Webhooks specification tells receivers to, with code of its own.
"""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

TOLERANCE_SECONDS = 300

type Trouble = int | Literal["hangs", "hangs up"]


@dataclass(frozen=True)
class Request:
    """One POST as it came over the wire, and the status that it was answered with; None where it got no answer."""

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
    """`requests` is everything that came, in the order in which it was answered."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.port: int = server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/orders?shop=1"
        self.requests: list[Request] = []
        self._troubles: dict[str, list[Trouble]] = defaultdict(list)
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def has_trouble_with(self, order_id: str, *troubles: Trouble) -> None:
        """The next requests about this order end so, one after the other."""
        with self._lock:
            self._troubles[order_id] = list(troubles)

    @property
    def accepted(self) -> list[Request]:
        return [request for request in self.requests if request.status == 200]

    def told(self, order_id: str) -> list[str]:
        """The types of the accepted events of this order."""
        return [request.type for request in self.accepted if request.order_id == order_id]

    def _receive(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        order_id = json.loads(body)["data"]["order_id"]
        with self._lock:
            trouble = self._troubles[order_id].pop(0) if self._troubles[order_id] else 200
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


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver on a free port of this machine, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found._receive(self)

        def log_message(self, *_args: Any) -> None:
            """Nothing: a test says itself what came."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        found = Receiver(server)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield found
        finally:
            found._closing.set()
            server.shutdown()
            thread.join()
