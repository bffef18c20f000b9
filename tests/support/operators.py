"""What operators receive: alarms, and messages of the shop itself."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.shop import RunningShop

_POLL_SECONDS = 1


class Mailbox:
    """All messages of the operators' topic since the subscription."""

    def __init__(self, sqs: Any, url: str) -> None:
        self._sqs, self._url = sqs, url
        self._heard: list[str] = []

    @property
    def messages(self) -> list[str]:
        while batch := self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=_POLL_SECONDS
        ).get("Messages"):
            for message in batch:
                self._heard.append(message["Body"])
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return self._heard

    @property
    def alarms(self) -> dict[str, str]:
        """The text of each alarm that went off, by its name."""
        read = [json.loads(message) for message in self.messages if message.startswith("{")]
        return {alarm["AlarmName"]: alarm["AlarmDescription"] for alarm in read if alarm["NewStateValue"] == "ALARM"}

    @property
    def sentences(self) -> list[str]:
        return [message.strip('"') for message in self.messages if not message.startswith("{")]


@contextmanager
def listening(shop: RunningShop) -> Iterator[Mailbox]:
    """A queue that is subscribed to the operators' topic, like an operator's mailbox."""
    sqs, sns, topic = shop.aws("sqs"), shop.aws("sns"), shop.table("Notify/OperatorsTopic")
    url = sqs.create_queue(QueueName="somebody-on-call")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    subscription = sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )["SubscriptionArn"]
    try:
        yield Mailbox(sqs, url)
    finally:
        sns.unsubscribe(SubscriptionArn=subscription)
        sqs.delete_queue(QueueUrl=url)
