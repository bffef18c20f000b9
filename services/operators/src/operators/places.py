"""Every queue of the shop where things are set aside, by the name that `./shop dlq ls` gives it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from shopkit.problems import not_found

# Each application says in its output `Places` where its queues are, in this order: those of dead letters and those of
# what the readers of streams could not understand. A test holds the two together.
NAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Clickstream": (("PurchasesDeadLetters",), ("AggregateFailures",)),
    "Inventory": ((), ("RelayFailures", "SyncFailures")),
    "KafkaService": (("BridgeDeadLetters",), ("SalesFailures",)),
    "Notify": (("EmailDeadLetters", "WebhookDeadLetters"), ("OperatorsDeadLetters", "RelayFailures")),
    "Order": (("AttentionDeadLetters", "CatalogueDeadLetters", "TimelineDeadLetters"), ("RelayFailures",)),
    "Payment": (("SettleDeadLetters",), ("RelayFailures",)),
    "Workflows": ((), ("DeadLetters",)),
}


@dataclass(frozen=True)
class Place:
    """`queue` is its ARN, `home` that of the queue whose consumer gave up what lies there. Where no queue is, what lies
    there belongs to a function or a workflow, and has no home."""

    name: str
    queue: str
    home: str | None = None


def places() -> list[Place]:
    """In order of name."""
    return sorted(_deployed(), key=lambda place: place.name)


def place_named(name: str) -> Place:
    """Raises Problem 404."""
    for place in places():
        if place.name == name:
            return place
    raise not_found("place of dead letters")


def _deployed() -> Iterator[Place]:
    for application, (dead_letters, failures) in NAMES.items():
        given = os.environ.get(f"PLACES_{application.upper()}", "")
        if not given:  # a parameter turns this application off
            continue
        buried, homes, failed = (part.split(",") for part in given.split("|"))
        for name, queue, home in zip(dead_letters, buried, homes, strict=False):
            yield Place(f"{application}/{name}", queue, home)
        for name, queue in zip(failures, failed, strict=False):
            yield Place(f"{application}/{name}", queue)
