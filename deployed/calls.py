"""What a shop really did: one record for each call of AWS, each run of a function and each delivery.

The embedded AWS writes them (`emulator.tap`), one JSON line each, to `calls.jsonl` in the folder of `stack.json`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

FILE = "calls.jsonl"

type Kind = Literal["call", "request", "run", "delivery", "execution", "fault"]
"""A call of AWS, a request to the shop's API, a run of a function, a delivery by a bus or a topic, an execution of a
state machine that has ended, or a fault on purpose (`deployed.faults`), whose kind is its `error`."""


@dataclass(frozen=True)
class Check:
    """One permission that a call needed."""

    action: str
    resource: str
    allowed: bool


@dataclass(frozen=True)
class Call:
    """`at` is in seconds since 1970, `seconds` is how long it took. `by` is the role's name, or the service that acts
    for itself. `units` are DynamoDB's, by kind and place: `write:TABLE`, `write:TABLE/INDEX`, `read:TABLE`; otherwise
    what the kind of call is counted in: `events`, `messages`, `records`, `transitions`, `memory_mb`, `log_bytes`."""

    kind: Kind
    at: float
    seconds: float
    by: str
    service: str
    operation: str
    resources: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    units: dict[str, float] = field(default_factory=dict)
    sent_bytes: int = 0
    received_bytes: int = 0
    status: int = 200
    error: str = ""
    trace: str = ""
    """The X-Ray trace id that a function sent with its call, as far as it sent one."""
    orders: tuple[str, ...] = ()
    """The orders that are named in what was sent, as far as known."""

    def line(self) -> str:
        """Returns the record as one line of JSON, without what is empty and optional."""
        always = ("kind", "at", "seconds", "by", "service", "operation")
        return json.dumps({name: value for name, value in vars(self).items() if name in always or value}, default=vars)

    @classmethod
    def of_line(cls, line: str | bytes) -> Self:
        """Raises ValueError, TypeError or KeyError if the line is not a record."""
        found: dict[str, Any] = json.loads(line)
        found["checks"] = tuple(Check(**check) for check in found.get("checks", ()))
        for name in ("resources", "orders"):
            found[name] = tuple(found.get(name, ()))
        return cls(**found)


def read(folder: Path, since: float = 0.0) -> Iterator[Call]:
    """Yields the calls from this time on, as recorded in the folder of a local stack. Skips a line that is still being
    written."""
    for path in (folder / f"{FILE}.1", folder / FILE):
        if path.exists():
            with path.open("rb") as lines:
                for line in lines:
                    if line.endswith(b"\n") and (call := Call.of_line(line)).at >= since:
                        yield call
