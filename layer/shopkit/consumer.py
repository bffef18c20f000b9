"""A Lambda function behind an SQS queue of events: each message succeeds or fails by itself."""

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from math import inf
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    SqsFifoPartialProcessor,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from contracts.envelope import Envelope, EventData, opened
from shopkit.telemetry import logger, traced, tracer
from shopkit.types import LambdaHandler


class OutOfTime(Exception):
    """Too little of the function's time is left to start. Work cut off half-way leaves no record of its outcome."""


@dataclass(frozen=True)
class Delivery:
    """One event as a queue delivered it; `attempt` counts from 1. `ends_at` is when the function's time runs out, by
    the monotonic clock."""

    event: Envelope[Any]
    attempt: int
    message: dict[str, Any]
    ends_at: float = inf

    def require(self, seconds: float) -> None:
        """Raises OutOfTime if less time is left."""
        if self.ends_at - time.monotonic() < seconds:
            raise OutOfTime


def consumer(*types: type[EventData], fifo: bool = False) -> Callable[[Callable[[Delivery], None]], LambdaHandler]:
    """Makes a handler for these events. If it raises, only that message goes back to the queue, with `fifo` also
    the rest of its message group. After the queue's maxReceiveCount a message goes to the dead-letter queue."""

    def decorate(consume: Callable[[Delivery], None]) -> LambdaHandler:
        def one(record: SQSRecord, ends_at: float) -> None:
            attempt = int(record.attributes.approximate_receive_count)
            try:
                message = json.loads(record.body)
                event = opened(message, *types)
                with (
                    logger.append_context_keys(event_id=str(event.event_id), correlation_id=event.correlation_id),
                    _traced(record, event, attempt),
                ):
                    consume(Delivery(event, attempt, message, ends_at))
                    logger.info("consumed", type=event.type)
            except Exception:
                # The batch processor does not log it.
                logger.exception(
                    "message failed, goes back to the queue", message_id=record.message_id, attempt=attempt
                )
                raise

        def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
            processor = (
                SqsFifoPartialProcessor(skip_group_on_error=True)
                if fifo
                else BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
            )
            if fifo:
                processor.raise_on_entire_batch_failure = False
            ends_at = _end_of(context)
            return dict(process_partial_response(event, lambda record: one(record, ends_at), processor, context))

        return tracer.capture_lambda_handler(handler, capture_response=False)

    return decorate


def _traced(record: SQSRecord, event: Envelope[Any], attempt: int) -> AbstractContextManager[None]:
    sent_at = record.attributes.get("SentTimestamp")
    return traced(
        "consumed",
        event.type,
        order_id=getattr(event.data, "order_id", None),
        correlation_id=event.correlation_id,
        event_id=str(event.event_id),
        attempt=attempt,
        queue=str(record.get("eventSourceARN")).rpartition(":")[2],
        sent_at=int(sent_at) / 1000 if sent_at else None,
    )


def _end_of(context: Any) -> float:
    """Returns when Lambda ends the function, by the monotonic clock; infinity outside Lambda."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return time.monotonic() + remaining() / 1000 if remaining else inf
