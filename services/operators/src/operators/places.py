"""All queues of dead letters and of failed stream records, by their names in `./shop dlq ls`."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from shopkit.problems import not_found

# For each application, its queues in the order of its output `Places`: dead letters, then failed stream records. A test
# compares them.
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
    """`queue` is the ARN of a queue of dead letters. `home` is the ARN of the queue that they came from. It is None if
    they came from a function or a workflow."""

    name: str
    queue: str
    home: str | None = None


def places() -> list[Place]:
    """Returns all places, sorted by name."""
    return sorted(_deployed(), key=lambda place: place.name)


def place_named(name: str) -> Place:
    """Returns the place with this name. Raises Problem 404."""
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
