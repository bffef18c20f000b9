"""Lambda events for functions that read an SQS queue, and their responses.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

import json
from typing import Any

from contracts.envelope import Envelope


def sqs_record(body: str, message_id: str, *, attempt: int = 1, group: str | None = None) -> dict[str, Any]:
    """Returns one message. `attempt` counts its deliveries from 1. With a `group` it comes from a FIFO queue."""
    attributes = {"ApproximateReceiveCount": str(attempt)}
    if group is not None:
        attributes["MessageGroupId"] = group
    return {
        "messageId": message_id,
        "receiptHandle": "handle",
        "body": body,
        "attributes": attributes,
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:queue{'' if group is None else '.fifo'}",
        "awsRegion": "us-east-1",
    }


def sqs_event(*events: Envelope[Any], attempt: int = 1, fifo: bool = False) -> dict[str, Any]:
    """Returns one batch of these events, by event id. If `fifo`, the message group is the correlation id."""
    return {
        "Records": [
            sqs_record(
                json.dumps(event.as_published()),
                str(event.event_id),
                attempt=attempt,
                group=event.correlation_id if fifo else None,
            )
            for event in events
        ]
    }


def returned(answer: Any) -> list[str]:
    """Returns the message ids in a partial batch response, which go back to the queue."""
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
