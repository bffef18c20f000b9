"""Requests are read by a compiled parser, and nothing else about them changes."""

import http.client

from emulator import lifecycle
from emulator.lifecycle import Running


def test_answers_keep_their_connection_and_name_no_server(running: Running) -> None:
    connection = http.client.HTTPConnection(lifecycle.HOST, running.port, timeout=10)
    connection.request("GET", lifecycle.HEALTH)
    answer = connection.getresponse()
    answer.read()
    first = connection.sock
    connection.request("GET", lifecycle.HEALTH)
    assert connection.getresponse().status == 200
    assert connection.sock is first
    assert answer.reason == "OK"
    assert answer.getheader("Server") is None, "Hypercorn names itself"
    assert len(answer.headers.get_all("Date") or []) == 1
