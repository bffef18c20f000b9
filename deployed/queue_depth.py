"""What a queue holds, as far as it tells: its numbers are approximate, and right once it is left alone."""

from collections.abc import Mapping
from typing import Any

# Waiting, being handled, and put off.
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
