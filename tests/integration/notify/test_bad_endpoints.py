"""Whatever the endpoint does, an attempt ends in time with an outcome, and costs other orders nothing."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contracts.envelope import Envelope
from notify import delivery, email, endpoint, signing_keys, webhook
from notify.domain import Undelivered
from shopkit.types import LambdaHandler
from tests.integration.notify.conftest import Surroundings, confirmed, deliver, placed
from tests.support.receiver import receiver, receiver_that

pytestmark = [pytest.mark.loopback, pytest.mark.usefixtures("shop")]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
# Far longer than the deadline of these tests, far shorter than a hung test.
DEADLINE = 0.5
LONG = 30.0


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "_ANSWER_SECONDS", DEADLINE)


def posted(url: str, body: bytes = b"{}") -> str:
    """The endpoint's status, or why there is none; in time in any case."""
    began = time.monotonic()
    try:
        outcome = str(endpoint.post(url, body, {"webhook-id": "1"}))
    except Undelivered as failure:
        outcome = str(failure)
    assert time.monotonic() - began < LONG / 2, "an attempt has a deadline"
    return outcome


def answer(*parts: bytes, hang: bool = False) -> Callable[[socket.socket, threading.Event], None]:
    def talk(connection: socket.socket, over: threading.Event) -> None:
        for part in parts:
            connection.sendall(part)
        if hang:
            over.wait(LONG)

    return talk


def endless(begin: bytes, again: bytes, pause: float = 0.0) -> Callable[[socket.socket, threading.Event], None]:
    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(begin)
        while not over.wait(pause):
            connection.sendall(again)

    return talk


@pytest.mark.parametrize(
    "before",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
        b"HTTP/1.1 199 Whatever\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" * 20,
    ],
)
@pytest.mark.parametrize(("final", "outcome"), [(OK, "200"), (b"HTTP/1.1 500 Oh\r\n\r\n", "HTTP 500")])
def test_informational_answers_are_not_the_final_one(before: bytes, final: bytes, outcome: str) -> None:
    with receiver_that(answer(before, final)) as (url, _):
        assert posted(url) == outcome


@pytest.mark.parametrize("split", [1, 7])
def test_an_answer_may_come_in_pieces(split: int) -> None:
    whole = b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + OK
    with receiver_that(answer(*(whole[at : at + split] for at in range(0, len(whole), split)))) as (url, requests):
        assert posted(url) == "200"
    assert requests[0].startswith(b"POST /orders HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "body",
    [
        endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000),
        endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", 0.01),
        answer(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", hang=True),
        answer(b"HTTP/1.0 204 Fine\r\n\r\n"),
    ],
)
def test_a_body_is_nobodys_business(body: Any) -> None:
    with receiver_that(body) as (url, _):
        assert posted(url) in {"200", "204"}


@pytest.mark.parametrize(
    ("talk", "outcome"),
    [
        (endless(b"HTTP/1.1 200 OK\r\nX: ", b"y", 0.01), "TimeoutError"),
        (endless(b"", b"H", 0.01), "TimeoutError"),
        (endless(b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 103 Again\r\n\r\n", 0.01), "TimeoutError"),
        (answer(hang=True), "TimeoutError"),
        (answer(b"HTTP/1.1 200", hang=True), "TimeoutError"),
        (endless(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 10_000), "RemoteProtocolError"),
        (endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000), "RemoteProtocolError"),
        (answer(), "RemoteProtocolError"),
        (answer(b"HTTP/1.1 200 OK\r\nX: y"), "RemoteProtocolError"),
        (answer(b"HTTP/1.1 103 Early Hints\r\n\r\n"), "RemoteProtocolError"),
        (answer(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + OK), "RemoteProtocolError"),
        (answer(b"SSH-2.0-OpenSSH_9.9\r\n"), "RemoteProtocolError"),
        (answer(b"<html>hello</html>\r\n\r\n"), "RemoteProtocolError"),
        (answer(b"HTTP/1.1 999 No\r\n\r\n"), "HTTP 999"),
        (answer(b"HTTP/1.1 304 No\r\n\r\n"), "HTTP 304"),
    ],
)
def test_an_answer_that_is_none_ends_the_attempt(talk: Any, outcome: str) -> None:
    with receiver_that(talk) as (url, _):
        assert posted(url) == outcome


def test_informational_answers_without_end_end_the_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "_ANSWER_SECONDS", LONG)
    with receiver_that(endless(b"", b"HTTP/1.1 103 Again\r\n\r\n" * 1000)) as (url, _):
        assert posted(url) == "AnswerTooLong"


def test_a_request_that_nobody_reads_ends_the_attempt() -> None:
    with receiver_that(answer(hang=True), reads=False) as (url, _):
        assert posted(url, body=b"x" * 20_000_000) == "TimeoutError"


def test_a_handshake_that_drips_ends_the_attempt() -> None:
    hello = endless(b"\x16\x03\x03\x40\x00", b"\x02", 0.01)
    with receiver_that(hello, reads=False) as (url, _):
        assert posted(url.replace("http://", "https://")) == "TimeoutError"


def test_a_name_that_is_looked_up_for_ever_ends_the_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: over.wait(LONG) and [])
    assert posted("http://slow.example/orders") == "TimeoutError"
    over.set()


def test_a_name_that_does_not_exist_is_an_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_args: Any, **_more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    assert posted("http://nowhere.example/orders") == "gaierror"


def test_where_one_address_is_dead_the_next_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo
    with receiver() as gone, receiver() as other_side:
        pass
    with receiver_that(answer(OK)) as (url, _):
        port = int(url.split(":")[2].split("/")[0])
        dead = int(gone.url.split(":")[2].split("/")[0])
        assert other_side.requests == []
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda *_args, **_more: [*look_up("127.0.0.1", dead, type=1), *look_up("127.0.0.1", port, type=1)],
        )
        assert posted("http://two.example/orders") == "200"


# ── In a function whose time runs out ─────────────────────────────────────────────────────────────────────────────────


class Context:
    """What Lambda says of the invocation."""

    def __init__(self, seconds: float) -> None:
        self._real = time.monotonic
        self._passed = 0.0
        self._end = self.clock() + seconds

    def clock(self) -> float:
        return self._real() + self._passed

    def passes(self, seconds: float) -> None:
        self._passed += seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self._end - self.clock()) * 1000)


@pytest.fixture
def dripping(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """An endpoint that answers Ada's events a byte at a time, and others' at once."""
    requests: list[bytes] = []

    def talk(connection: socket.socket, over: threading.Event) -> None:
        if b"ord_ada" in seen[-1]:
            endless(b"HTTP/1.1 200 OK\r\nX: ", b"y", 0.01)(connection, over)
        connection.sendall(OK)

    with receiver_that(talk) as (url, seen):
        requests = seen
        monkeypatch.setenv("WEBHOOK_URL", url)
        yield requests


def handed_over(seconds: float) -> LambdaHandler:
    return lambda event, _context: webhook.handler(event, Context(seconds))


def statuses(shop: Surroundings) -> dict[tuple[str, str], tuple[str, str | None]]:
    return {(row["order_id"], row["type"]): (row["status"], row.get("reason")) for row in shop.notifications()}


def ids(*events: Envelope[Any]) -> list[str]:
    return [str(event.event_id) for event in events]


def test_an_endpoint_that_drips_costs_other_orders_nothing(shop: Surroundings, dripping: list[bytes]) -> None:
    slow = placed("customer", "ord_ada"), confirmed("customer", "ord_ada")
    other = placed("customer", "ord_bob"), confirmed("customer", "ord_bob")
    back = deliver(slow[0], other[0], slow[1], other[1], to=handed_over(LONG))
    assert back == ids(*slow)
    assert statuses(shop) == {
        ("ord_ada", "OrderPlaced"): ("SENDING", None),
        ("ord_bob", "OrderPlaced"): ("SENT", None),
        ("ord_bob", "OrderConfirmed"): ("SENT", None),
    }


def test_the_last_attempt_at_one_that_drips_is_recorded(shop: Surroundings, dripping: list[bytes]) -> None:
    event = placed("customer", "ord_ada")
    assert deliver(event, attempt=3, to=handed_over(LONG)) == ids(event)
    assert statuses(shop) == {("ord_ada", "OrderPlaced"): ("FAILED", "TimeoutError")}


def test_what_there_is_no_time_for_goes_back_in_order_and_untouched(shop: Surroundings, dripping: list[bytes]) -> None:
    events = placed("customer", "ord_bob"), placed("customer", "ord_eve"), confirmed("customer", "ord_bob")
    back = deliver(*events, to=handed_over(DEADLINE + delivery.RECORD_SECONDS - 0.1))
    assert sorted(back) == sorted(ids(*events))
    assert dripping == []
    assert shop.notifications() == []


def test_what_was_told_needs_no_time(shop: Surroundings, dripping: list[bytes]) -> None:
    event = placed("customer", "ord_bob")
    assert deliver(event, to=handed_over(LONG)) == []
    assert deliver(event, attempt=2, to=handed_over(1)) == []


def test_the_last_delivery_that_there_is_no_time_for_is_recorded(shop: Surroundings, dripping: list[bytes]) -> None:
    event = placed("customer", "ord_bob")
    assert deliver(event, attempt=3, to=handed_over(1)) == ids(event)
    assert statuses(shop) == {("ord_bob", "OrderPlaced"): ("FAILED", "OutOfTime")}
    assert deliver(event, to=handed_over(LONG)) == [], "a redrive heals it"


def test_an_attempt_for_which_its_key_took_too_long_is_not_begun(
    shop: Surroundings, dripping: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much time went by before the request, enough is left to record how it ended."""
    invocation = Context(LONG)

    def slowly() -> list[bytes]:
        invocation.passes(LONG - 1)
        return [b"key"]

    monkeypatch.setattr(signing_keys, "current", slowly)
    monkeypatch.setattr(time, "monotonic", invocation.clock)
    event = placed("customer", "ord_bob")
    assert deliver(event, attempt=3, to=lambda event, _context: webhook.handler(event, invocation)) == ids(event)
    assert dripping == []
    assert statuses(shop) == {("ord_bob", "OrderPlaced"): ("FAILED", "OutOfTime")}


def test_a_mail_that_there_is_no_time_for_is_not_begun(shop: Surroundings, verified_sender: str) -> None:
    events = placed(shop.customer("ada@example.com"), "ord_ada"), confirmed(shop.customer("ed@example.com"), "ord_ed")
    assert sorted(deliver(*events, to=lambda event, _context: email.handler(event, Context(5)))) == sorted(ids(*events))
    assert (shop.mails(), shop.notifications()) == ([], [])
    assert deliver(*events, attempt=2, to=lambda event, _context: email.handler(event, Context(LONG))) == []
    assert len(shop.mails()) == 2
