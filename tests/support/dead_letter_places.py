"""A stack with one of each kind of place where dead letters lie."""

import json

from contracts.order import OrderConfirmed
from schemas.examples import example
from tests.support.aws_stack import AwsStack

ORDER = "ord_0b5f2d9c1e7a4f68b3d1c2a9e8f70615"


EVENT = example(OrderConfirmed).as_published()


BODY = json.dumps(EVENT)


MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:checkout"


def dead_letter_places(aws: AwsStack) -> AwsStack:
    """Adds one of each kind of place of dead letters, nothing in them."""
    aws.queue("Order/TimelineDeadLetters")
    aws.queue("Order/TimelineQueue", dead_letters="Order/TimelineDeadLetters")
    aws.function("Order/RecordTimeline", reads=aws.arn("Order/TimelineQueue"))
    aws.queue("Notify/EmailDeadLetters", fifo=True)
    aws.queue("Notify/EmailQueue", dead_letters="Notify/EmailDeadLetters", fifo=True)
    failures = aws.queue("Order/RelayFailures")
    aws.bucket("FailureBucket")
    aws.function(
        "Order/Relay",
        reads="arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/1",
        on_failure="arn:aws:s3:::failurebucket",
        FAILURE_QUEUE_URL=failures.replace("https://sqs.us-east-1.amazonaws.com", "http://elsewhere"),
    )
    aws.queue("Workflows/DeadLetters")
    aws.rule("Workflows/Started", MACHINE, dead_letters="Workflows/DeadLetters", source="moto starts none")
    return aws
