"""Whether orders use more than what was recorded for them."""

from collections.abc import Iterator, Mapping
from typing import Any

ALLOWED = 0.05
# Where the amount depends on the moment, such as on how many clicks a batch holds: what is promised.
AT_MOST_PER_MILLION = {
    # For 20 clicks in 4 requests: 2 units a request, and one for the purchase.
    "write units, Clickstream/Counters": 9_000_000,
    # Only where Kafka is on, which what was recorded had not.
    "write units, KafkaService/Sales": 6_000_000,
}
READS_BY_BATCH = {"read units, Clickstream/Counters"}
# One order in ten may read once more, because it met another one or a message came twice.
READ_AGAIN_PER_MILLION = 100_000


def grown(recorded: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    """Yields what uses more DynamoDB units per order than recorded, of two documents of a bill."""
    before, now = _units(recorded), _units(found)
    for what, amount in now.items():
        again = READ_AGAIN_PER_MILLION if what.startswith("read") else 0
        limit = AT_MOST_PER_MILLION.get(what, before.get(what, 0.0) * (1 + ALLOWED) + again)
        if amount > limit and what not in READS_BY_BATCH:
            yield f"{what}: {amount / 1e6:.2f} per order, recorded {before.get(what, 0.0) / 1e6:.2f}"


def _units(document: Mapping[str, Any]) -> dict[str, float]:
    lines = document["per_million"]["EXPRESS"]["lines"]
    return {line["what"]: line["amount"] for line in lines if line["service"] == "DynamoDB"}
