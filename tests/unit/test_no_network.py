"""The guard in conftest.py guards: a unit test that reaches out fails, wherever it reaches."""

import socket

import boto3
import pytest

from tests.support.network import NetworkBlocked


@pytest.mark.parametrize("host", ["127.0.0.1", "aws.example"])
def test_connections_are_refused(host: str) -> None:
    with pytest.raises(NetworkBlocked, match="unit tests have no network"):
        socket.create_connection((host, 443), timeout=1)


def test_forgotten_mocks_are_refused() -> None:
    with pytest.raises(NetworkBlocked, match="unit tests have no network"):
        boto3.client("sqs", endpoint_url="http://aws.example").list_queues()


@pytest.mark.emulator
def test_a_marked_test_may_use_loopback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
