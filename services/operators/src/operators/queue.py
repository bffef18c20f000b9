"""Counting, viewing, removing and sending messages of a queue."""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

from shopkit.aws import client

# Longer than a function runs. Messages that it has not removed become visible again when it ends.
_HOLD_SECONDS = 60
_PER_CALL = 10
_COUNTS = "ApproximateNumberOfMessages"  # visible, in flight, and delayed

type Message = Mapping[str, Any]


def url_of(arn: str) -> str:
    """Returns the queue's URL, which is built from its ARN (SQS Developer Guide, "Queue and message identifiers")."""
    account, name = arn.split(":")[4:6]
    return f"{client('sqs').meta.endpoint_url}/{account}/{name}"


def is_fifo(arn: str) -> bool:
    return arn.endswith(".fifo")


def depth(arn: str) -> int:
    """Returns the number of messages in the queue, including those in flight."""
    answer = client("sqs").get_queue_attributes(QueueUrl=url_of(arn), AttributeNames=["All"])
    counts = (number for name, number in answer["Attributes"].items() if name.startswith(_COUNTS))
    return sum(map(int, counts))


def send(arn: str, body: str, *, group: str, once: str, attributes: Mapping[str, Any] | None = None) -> None:
    """Sends a message. In a FIFO queue, `group` is its message group and `once` its deduplication id."""
    in_order = {"MessageGroupId": group, "MessageDeduplicationId": once} if is_fifo(arn) else {}
    client("sqs").send_message(
        QueueUrl=url_of(arn),
        MessageBody=body,
        MessageAttributes=dict(attributes or {}),
        **in_order,  # type: ignore[arg-type]
    )


class Held:
    """Up to `most` messages of a queue, each once. They are invisible to other readers until the context ends. Then all
    that were not removed become visible again."""

    def __init__(self, arn: str, most: int) -> None:
        self._url, self._most = url_of(arn), min(most, depth(arn))
        self._handles: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for handle in self._handles.values():
            client("sqs").change_message_visibility(QueueUrl=self._url, ReceiptHandle=handle, VisibilityTimeout=0)

    def __iter__(self) -> Iterator[Message]:
        seen: set[str] = set()
        while len(seen) < self._most:
            fresh = [message for message in self._received(self._most - len(seen)) if message["MessageId"] not in seen]
            if not fresh:
                return
            self._handles |= {message["MessageId"]: message["ReceiptHandle"] for message in fresh}
            seen |= {message["MessageId"] for message in fresh}
            yield from fresh

    def remove(self, message: Message) -> None:
        """Deletes the message from the queue."""
        handle = self._handles.pop(message["MessageId"])
        client("sqs").delete_message(QueueUrl=self._url, ReceiptHandle=handle)

    def _received(self, most: int) -> list[Message]:
        answer = client("sqs").receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(most, _PER_CALL),
            VisibilityTimeout=_HOLD_SECONDS,
            # A short poll may miss messages that are there (SQS Developer Guide, "Short and long polling").
            WaitTimeSeconds=1,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", []))
