"""A Kafka broker on this machine: librdkafka's mock cluster, which uses the real wire protocol and keeps its topics in
memory. Run as `python -m emulator.broker`. It is started, found and stopped together with the embedded AWS of the same
folder.

It creates a topic when a client first asks about it. It has no authentication, no CreateTopics and no disk.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from emulator import process
from emulator.lifecycle import HOST, PROJECT, EmulatorError
from emulator.process import Process

ADDRESS = "kafka: "  # the first line of its log, before host:port
START_SECONDS, CONNECT_SECONDS = 15.0, 5.0


@dataclass(frozen=True)
class Broker(Process):
    """A broker as recorded in `kafka.json`."""

    address: str


def start(home: Path) -> str:
    """Returns the address of the broker of `home`, and starts it if necessary. Raises EmulatorError."""
    home.mkdir(parents=True, exist_ok=True)
    return (_recorded(home) or _launch(home)).address


def existing(address: str) -> str:
    """Returns the address of an external broker. Raises EmulatorError unless it is host:port and something listens
    there."""
    host, _, port = address.rpartition(":")
    if not (host and port.isdecimal()):
        raise EmulatorError(f"A Kafka broker is host:port, or 1 for one of our own; {address!r} is neither.")
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise EmulatorError(f"No Kafka broker answers at {address}: {error}") from error
    return address


def stop(home: Path) -> bool:
    """Stops the broker of `home`, which deletes its topics. Returns False if none was running."""
    running = _recorded(home)
    if running:
        process.end(running)
    _record(home).unlink(missing_ok=True)
    return running is not None


def _launch(home: Path) -> Broker:
    log = home / "kafka.log"
    with log.open("wb") as out:
        launched = subprocess.Popen(
            [sys.executable, "-u", "-m", "emulator.broker"],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def address() -> str:
        lines = log.read_text(errors="replace").splitlines()
        return next((line.removeprefix(ADDRESS) for line in lines if line.startswith(ADDRESS)), "")

    try:
        process.until(lambda: launched.poll() is not None or bool(address()), START_SECONDS)
    except TimeoutError:
        launched.kill()
    if not address():
        raise EmulatorError(f"The Kafka broker did not start:\n{log.read_text(errors='replace')}")
    broker = Broker(launched.pid, process.born(launched.pid) or "", address())
    _record(home).write_text(json.dumps(asdict(broker), indent=2) + "\n")
    return broker


def _recorded(home: Path) -> Broker | None:
    try:
        broker = Broker(**json.loads(_record(home).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return broker if process.alive(broker) else None


def _record(home: Path) -> Path:
    return home / "kafka.json"


def main() -> None:
    from confluent_kafka import Producer  # noqa: PLC0415 - only the broker's own process needs it

    # The cluster exists as long as the client that created it.
    cluster = Producer({"bootstrap.servers": "unused", "test.mock.num.brokers": 1, "log_level": 3})
    (broker,) = cluster.list_topics(timeout=START_SECONDS).brokers.values()
    print(f"{ADDRESS}{HOST}:{broker.port}")
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    done.wait()
    os._exit(0)  # without waiting for clients to disconnect


if __name__ == "__main__":
    main()
