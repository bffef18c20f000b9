"""Events on the bus of a stack, and what watchers of it have left there."""

from typing import Any

from tests.support.aws_stack import AwsStack


def publish(aws: AwsStack, *events: Any) -> None:
    aws.events.put_events(
        Entries=[
            {
                "EventBusName": "cartwheel",
                "Source": event.source,
                "DetailType": event.type,
                "Detail": event.model_dump_json(),
            }
            for event in events
        ]
    )


def left(aws: AwsStack) -> list[str]:
    """Rules and queues of watchers."""
    rules = aws.events.list_rules(EventBusName="cartwheel", NamePrefix="cartwheel-watch-")["Rules"]
    queues = aws.sqs.list_queues(QueueNamePrefix="cartwheel-watch-").get("QueueUrls", [])
    return [*(rule["Name"] for rule in rules), *queues]
