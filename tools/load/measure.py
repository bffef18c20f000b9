"""What a run used: processor time of the embedded AWS and of the functions, and DynamoDB's units."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psutil

from deployed.calls import read


@dataclass(frozen=True)
class Processor:
    """Seconds of processor time so far: of the server, and of the processes that run functions."""

    server: float
    functions: float

    def since(self, before: "Processor") -> "Processor":
        return Processor(self.server - before.server, self.functions - before.functions)


def processor(home: Path) -> Processor:
    """Raises psutil.NoSuchProcess if the embedded AWS is not running."""
    server = psutil.Process(json.loads((home / "emulator.json").read_text())["pid"])
    own = server.cpu_times()
    running = 0.0
    for child in server.children(recursive=True):
        try:
            used = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        running += used.user + used.system + used.children_user + used.children_system
    return Processor(own.user + own.system, running + own.children_user + own.children_system)


def units(home: Path, since: float) -> Counter[str]:
    """Returns DynamoDB's write and read units since this time, as recorded by the tap."""
    used: Counter[str] = Counter()
    for call in read(home, since):
        for name, amount in call.units.items():
            kind = name.partition(":")[0]
            if kind in ("write", "read") and call.by != "root":
                used[kind] += amount  # type: ignore[assignment]
    return used
