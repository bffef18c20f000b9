"""A Kafka broker on this machine: librdkafka's mock cluster, which speaks the real wire protocol and keeps its topics
in memory. `python -m emulator.broker`; found, started and stopped beside the embedded AWS of the same folder.

It makes a topic when it is first asked about one, and has no authentication, CreateTopics or disk.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from emulator import lifecycle
from emulator.lifecycle import PROJECT, EmulatorError, Running

ADDRESS = "kafka: "  # what its log begins with, before host:port
START_SECONDS = 15.0


def start(home: Path) -> str:
    """The address of the broker of `home`, started if need be. Raises EmulatorError."""
    home.mkdir(parents=True, exist_ok=True)
    running = _recorded(home) or _launch(home)
    return f"{lifecycle.HOST}:{running.port}"


def stop(home: Path) -> bool:
    """End the broker of `home`, and its topics with it; False when none was running."""
    running = _recorded(home)
    if running:
        lifecycle._end(running)
    _record(home).unlink(missing_ok=True)
    return running is not None


def _launch(home: Path) -> Running:
    log = home / "kafka.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "emulator.broker"],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def address() -> str:
        return next((line for line in log.read_text(errors="replace").splitlines() if line.startswith(ADDRESS)), "")

    try:
        lifecycle._until(lambda: process.poll() is not None or bool(address()), START_SECONDS)
    except TimeoutError:
        process.kill()
    if not address():
        raise EmulatorError(f"The Kafka broker did not start:\n{log.read_text(errors='replace')}")
    running = Running(process.pid, int(address().rpartition(":")[2]), lifecycle._born(process.pid) or "", "")
    _record(home).write_text(json.dumps(asdict(running), indent=2) + "\n")
    return running


def _recorded(home: Path) -> Running | None:
    try:
        running = Running(**json.loads(_record(home).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return running if lifecycle._alive(running) else None


def _record(home: Path) -> Path:
    return home / "kafka.json"


def main() -> None:
    from confluent_kafka import Producer  # noqa: PLC0415 - only the broker's own process needs it

    # The cluster lives as long as the client that it was made by.
    cluster = Producer({"bootstrap.servers": "unused", "test.mock.num.brokers": 1, "log_level": 3})
    (broker,) = cluster.list_topics(timeout=START_SECONDS).brokers.values()
    print(f"{ADDRESS}{broker.host}:{broker.port}")
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    done.wait()
    os._exit(0)  # without waiting for clients to take their leave


if __name__ == "__main__":
    main()
