"""Faults on purpose: which operation of the running shop fails, and how. A seed decides it, not the moment.

The embedded AWS reads a plan from `faults.json` in the folder of `stack.json` and carries it out (`emulator.faults`).
The n-th operation of a name fails in the same way for the same seed. Which order's operation is the n-th is a matter of
timing, which no seed decides.
"""

import json
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from random import Random
from typing import Any, Literal, Self

FILE = "faults.json"

# The share of errors, throttles and lost answers that outlast the SDK's own retries.
_STUBBORN = 0.5
_DELAY_SECONDS = 0.1, 2.0
_HELD_SECONDS = 0.5, 4.0


class Kind(StrEnum):
    """What goes wrong. `lost`: the operation takes effect, but its answer is an error. `kill`: the function's process
    ends, before or after the call. `reorder`: a message waits, so that later ones overtake it."""

    ERROR = "error"
    LOST = "lost"
    THROTTLE = "throttle"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    KILL = "kill"


type Where = Literal["call", "request", "delivery", "batch", "message"]
"""A function's call of AWS, a client's request to the API, a delivery by a bus or topic, a batch that a function gets,
and a message in a standard queue."""

# How often each kind is drawn. A kill costs a cold start.
_WEIGHTS: Mapping[Where, Mapping[Kind, int]] = {
    "call": {Kind.ERROR: 3, Kind.LOST: 3, Kind.THROTTLE: 3, Kind.DELAY: 3, Kind.KILL: 1},
    "request": {Kind.ERROR: 1, Kind.LOST: 2, Kind.THROTTLE: 1, Kind.DELAY: 1},
    "delivery": {Kind.DUPLICATE: 1},
    "batch": {Kind.DUPLICATE: 1},
    "message": {Kind.REORDER: 1},
}


@dataclass(frozen=True)
class Operation:
    """`content` is what is sent, in which a spell looks for the name of its place."""

    where: Where
    service: str
    name: str
    content: str = ""

    def __str__(self) -> str:
        return f"{self.service}:{self.name}"


@dataclass(frozen=True)
class Fault:
    """`stubborn` faults outlast the SDK's retries of one call. `seconds` is how long a delay lasts, or how long a
    message is held. `after` is for a kill: the call has taken effect."""

    kind: Kind
    stubborn: bool = False
    seconds: float = 0.0
    after: bool = False

    def __str__(self) -> str:
        match self.kind:
            case Kind.DELAY | Kind.REORDER:
                return f"{self.kind} {self.seconds:.1f} s"
            case Kind.KILL:
                return f"kill {'after' if self.after else 'before'}"
        return f"{self.kind}{' (stubborn)' if self.stubborn else ''}"


@dataclass(frozen=True)
class Spell:
    """Until a time (in seconds since 1970), `rate` (0 to 1) of the operations that fit suffer one of `kinds`. What is
    empty fits everything."""

    rate: float
    until: float
    kinds: tuple[Kind, ...] = tuple(Kind)
    service: str = ""
    names: tuple[str, ...] = ()
    place: str = ""

    def fits(self, operation: Operation) -> bool:
        return (
            self.service in ("", operation.service)
            and (not self.names or operation.name in self.names)
            and self.place in operation.content
        )


@dataclass(frozen=True)
class Plan:
    """`begun` (in seconds since 1970) tells one use of a plan from the next: it begins to count anew. Until `hurry`,
    messages that a function failed to process come back after a second, not after their queue's time-out."""

    seed: int
    begun: float
    spells: tuple[Spell, ...] = ()
    hurry: float = 0.0

    def fault(self, operation: Operation, nth: int, now: float) -> Fault | None:
        """Returns what happens to the n-th operation of this name, or None if nothing does."""
        for number, spell in enumerate(self.spells):
            if now < spell.until and spell.fits(operation):
                kinds = {kind: n for kind, n in _WEIGHTS[operation.where].items() if kind in spell.kinds}
                chance = Random(f"{self.seed} {number} {operation.where} {operation} {nth}")  # noqa: S311 - no secret
                if kinds and chance.random() < spell.rate:
                    return _drawn(chance, kinds, operation.where)
        return None

    def text(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Raises ValueError, TypeError or KeyError if the text is not a plan."""
        found: dict[str, Any] = json.loads(text)
        spells = found.pop("spells")
        return cls(spells=tuple(_spell(spell) for spell in spells), **found)


def _spell(found: dict[str, Any]) -> Spell:
    kinds, names = tuple(Kind(kind) for kind in found.pop("kinds")), tuple(found.pop("names"))
    return Spell(kinds=kinds, names=names, **found)


def _drawn(chance: Random, kinds: Mapping[Kind, int], where: Where) -> Fault:
    (kind,) = chance.choices(list(kinds), list(kinds.values()))
    stubborn, after = chance.random() < _STUBBORN, chance.random() < 0.5
    match kind:
        case Kind.DELAY:
            return Fault(kind, seconds=round(chance.uniform(*_DELAY_SECONDS), 2))
        case Kind.REORDER:
            return Fault(kind, seconds=round(chance.uniform(*_HELD_SECONDS), 2))
        case Kind.KILL:
            return Fault(kind, after=after)
    return Fault(kind, stubborn=stubborn and where == "call")


class Course:
    """A plan as it is carried out: it counts the operations of each name. Threads may share it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._seen: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def next(self, operation: Operation, now: float) -> Fault | None:
        """Counts the operation, and returns what happens to it."""
        with self._lock:
            self._seen[operation.where, str(operation)] += 1
            nth = self._seen[operation.where, str(operation)]
        return self.plan.fault(operation, nth, now)
