"""Every dead-letter and failure queue of the shop, by the name that `./shop dlq ls` prints."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from shopkit.problems import not_found

# Each application lists its queues in its output `Places`, in this order: dead-letter queues, then the queues of
# records that stream readers could not process. A test compares the two.
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
    """`queue` is its ARN. `home` is the ARN of the queue whose consumer gave up the messages. `home` is None if they
    belong to a function or a workflow instead of a queue."""

    name: str
    queue: str
    home: str | None = None


def places() -> list[Place]:
    """Returns all places, sorted by name."""
    return sorted(_deployed(), key=lambda place: place.name)


def place_named(name: str) -> Place:
    """Raises Problem 404 if there is no such place."""
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
