"""How many messages a queue holds. SQS's numbers are approximate, and exact once the queue is idle."""

from collections.abc import Mapping
from typing import Any

# Waiting, in flight, and delayed.
_DEPTHS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def attributes_of(sqs: Any, url: str) -> dict[str, str]:
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return found


def depth_in(attributes: Mapping[str, str]) -> int:
    return sum(int(attributes[name]) for name in _DEPTHS)
