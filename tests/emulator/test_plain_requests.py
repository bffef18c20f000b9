"""Plain requests and their answers cost less than those that Hypercorn handles, and nobody can tell them apart."""

import re
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.emulator.account import Account

HYPERCORNS = b"TE: trailers\r\n"  # makes a request one that Hypercorn handles
END = b"\r\n\r\n"
OWN_TO_EACH = re.compile(rb"(?i)(?<=\n)(date|x-amz[\w-]*id[\w-]*): [^\r]*|[0-9a-f]{8}-[0-9a-f-]{27}")


class Client:
    """A connection that sends bytes and reads whole answers."""

    def __init__(self, port: int) -> None:
        self.port, self.socket = port, socket.create_connection(("127.0.0.1", port), timeout=10)
        self.file = self.socket.makefile("rb")

    def request(self, line: bytes, *, more: bytes = b"", body: bytes = b"") -> bytes:
        length = b"Content-Length: %d\r\n" % len(body) if body else b""
        return b"%b HTTP/1.1\r\nHost: localhost:%d\r\n%b%b\r\n%b" % (line, self.port, more, length, body)

    def answer(self, *, bodyless: bool = False) -> bytes:
        head = b""
        while not head.endswith(END):
            line = self.file.readline()
            if not line:
                return head
            head += line
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if re.search(rb"(?i)transfer-encoding: chunked", head) and not bodyless:
            body = b""
            while not body.endswith(b"0\r\n\r\n"):
                body += self.file.readline()
            return head + body
        return head if bodyless or not length else head + self.file.read(int(length[1]))

    def ask(self, line: bytes, *, more: bytes = b"", body: bytes = b"") -> bytes:
        self.socket.sendall(self.request(line, more=more, body=body))
        return OWN_TO_EACH.sub(b"?", self.answer(bodyless=line.startswith(b"HEAD")))


@contextmanager
def connected(account: Account) -> Iterator[Client]:
    client = Client(account.port)
    with closing(client.socket), closing(client.file):
        yield client


@pytest.mark.parametrize(
    ("line", "body"),
    [
        (b"GET /_ministack/health", b""),
        (b"HEAD /_ministack/health", b""),
        (b"GET /nothing/here?a=%20b&c", b""),
        (b"OPTIONS /", b""),
        (b"POST /", b'{"TableName": "none"}'),
        (b"PUT /bucket/key", b"x" * 200_000),
        (b"GET /restapis/none/v1/_user_request_/orders", b""),
        (b"OPTIONS /restapis/none/v1/_user_request_/orders", b""),
        (b"get /", b""),
    ],
)
def test_the_answer_is_the_same_to_the_byte(account: Account, line: bytes, body: bytes) -> None:
    with connected(account) as plain, connected(account) as other:
        answers = [plain.ask(line, body=body) for _ in range(2)]
        assert answers == [other.ask(line, body=body, more=HYPERCORNS) for _ in range(2)]
        assert answers[0].startswith(b"HTTP/1.1 ")


def test_a_connection_may_change_its_ways(account: Account) -> None:
    with connected(account) as client:
        health = client.ask(b"GET /_ministack/health")
        assert b"200 OK" in health
        two = client.request(b"GET /_ministack/health") * 2
        for part in (two[:10], two[10:-3], two[-3:]):
            client.socket.sendall(part)
        assert {OWN_TO_EACH.sub(b"?", client.answer()) for _ in range(2)} == {health}
        chunked = client.request(b"GET /_ministack/health", more=b"Transfer-Encoding: chunked\r\n")
        client.socket.sendall(chunked + b"2\r\n{}\r\n0\r\n\r\n")
        assert OWN_TO_EACH.sub(b"?", client.answer()) == health
        assert client.ask(b"GET /_ministack/health") == health
        last = client.ask(b"GET /_ministack/health", more=b"Connection: close\r\n")
        assert b"connection: close" in last.lower()
        assert client.file.read() == b""


@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHo st: a\r\n\r\n",
    ],
)
def test_a_malformed_request_is_refused(account: Account, bytes_sent: bytes) -> None:
    with connected(account) as client:
        client.ask(b"GET /_ministack/health")
        client.socket.sendall(bytes_sent)
        assert client.answer().startswith(b"HTTP/1.1 400 ")
        assert client.file.read() == b""


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="only /proc tells how long a thread ran")
def test_a_plain_request_costs_less(account: Account) -> None:
    def used() -> int:
        return int(Path(f"/proc/{account.running.pid}/schedstat").read_text().split()[0])

    costs = {b"": 0, HYPERCORNS: 0}
    with connected(account) as plain, connected(account) as other:
        for _ in range(200):
            for client, more in ((plain, b""), (other, HYPERCORNS)):
                before = used()
                client.ask(b"GET /_ministack/health", more=more)
                costs[more] += used() - before
    assert costs[b""] < 0.85 * costs[HYPERCORNS]
