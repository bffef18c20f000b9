"""The other side of the webhook: an HTTP server of somebody else's, with little patience for it."""

import ssl
from collections.abc import Mapping
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from notify.telling import Undelivered

# A whole batch of time-outs must fit into the function's own.
_CONNECT_SECONDS = 3
_ANSWER_SECONDS = 10


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The status code of the endpoint's acceptance: 200 to 299. Raises Undelivered for everything else, redirects
    included: Standard Webhooks asks senders not to follow them."""
    try:
        status = _status(url, body, headers)
    except (OSError, HTTPException) as failure:
        raise Undelivered(type(failure).__name__) from failure
    if not 200 <= status < 300:
        raise Undelivered(f"HTTP {status}")
    return status


def _status(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    parts = urlsplit(url)
    # A connection per request: one kept over a pause between invocations would often be dead.
    connection = _connection(parts.scheme, parts.hostname or "", parts.port)
    try:
        connection.connect()
        connection.sock.settimeout(_ANSWER_SECONDS)
        connection.request("POST", (parts.path or "/") + (parts.query and f"?{parts.query}"), body, dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()


def _connection(scheme: str, host: str, port: int | None) -> HTTPConnection:
    if scheme == "https":
        return HTTPSConnection(host, port, timeout=_CONNECT_SECONDS, context=_tls())
    return HTTPConnection(host, port, timeout=_CONNECT_SECONDS)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
