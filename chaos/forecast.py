"""Weather: mild faults that come and go, one kind at a time, as a seed decides."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from deployed.faults import Kind, Spell
from deployed.resources import Resources

_CALM_SECONDS, _SPELL_SECONDS = (5, 20), (15, 45)
_WRITES = ("PutItem", "UpdateItem", "TransactWriteItems")
_READS = ("GetItem", "BatchGetItem", "Query")


@dataclass(frozen=True)
class Weather:
    """One spell: its name, what it does in plain words, and which operations it hits. `path` is a resource of the
    stack."""

    name: str
    words: str
    kinds: tuple[Kind, ...]
    rate: float
    service: str
    names: tuple[str, ...] = ()
    path: str = ""

    def spell(self, resources: Resources, until: float) -> Spell:
        """Raises KeyError if the stack has no such resource."""
        place = resources[self.path] if self.path else ""
        return Spell(self.rate, until, self.kinds, self.service, self.names, place)


@dataclass(frozen=True)
class Outlook:
    """`calm` seconds of nothing, then `seconds` of weather."""

    calm: int
    weather: Weather
    seconds: int


KNOWN = (
    Weather(
        "throttling",
        "the orders table refuses one write in ten",
        (Kind.THROTTLE,),
        0.1,
        "dynamodb",
        _WRITES,
        "Order/Orders",
    ),
    Weather(
        "throttling",
        "the inventory refuses one write in five",
        (Kind.THROTTLE,),
        0.2,
        "dynamodb",
        _WRITES,
        "Inventory/Inventory",
    ),
    Weather("errors", "one read in ten of any table fails", (Kind.ERROR,), 0.1, "dynamodb", _READS),
    Weather(
        "errors", "the payments table fails one call in five", (Kind.ERROR,), 0.2, "dynamodb", (), "Payment/Payments"
    ),
    Weather(
        "lost answers",
        "the gateway's ledger loses one answer in five",
        (Kind.LOST,),
        0.2,
        "dynamodb",
        (),
        "Payment/SandboxLedger",
    ),
    Weather(
        "lost answers",
        "the bus takes events, but loses one answer in five",
        (Kind.LOST,),
        0.2,
        "events",
        ("PutEvents",),
    ),
    Weather("slowness", "every third call to any table waits up to 2 s", (Kind.DELAY,), 0.33, "dynamodb"),
    Weather("slowness", "every second call to the bus waits up to 2 s", (Kind.DELAY,), 0.5, "events", ("PutEvents",)),
    Weather(
        "refusals", "the bus refuses one batch of events in four", (Kind.THROTTLE,), 0.25, "events", ("PutEvents",)
    ),
    Weather("duplicates", "the bus delivers every fourth event twice", (Kind.DUPLICATE,), 0.25, "events"),
    Weather("duplicates", "queues deliver one batch in four twice", (Kind.DUPLICATE,), 0.25, "sqs"),
    Weather("disorder", "every third message of a queue waits, and is overtaken", (Kind.REORDER,), 0.33, "sqs"),
    Weather("crashes", "one function in fifty dies at a call to a table", (Kind.KILL,), 0.02, "dynamodb"),
)


def forecast(seed: int) -> Iterator[Outlook]:
    """Yields what comes, without end; the same for the same seed."""
    chance = Random(seed)  # noqa: S311 - no secret
    while True:
        weather = chance.choice(KNOWN)
        yield Outlook(chance.randint(*_CALM_SECONDS), weather, chance.randint(*_SPELL_SECONDS))
