"""A mapping of a queue gathers messages while its batching window lasts."""

from pathlib import Path

from tests.emulator.account import Account

READS = """
    import os

    def handler(event, context):
        with open(os.environ["FILE"], "a") as file:
            print(",".join(sorted(record["body"] for record in event["Records"])), file=file)
"""


def batches(account: Account, *, messages: int, first: int) -> list[str]:
    """The batches that a mapping with a window makes of messages, of which so many come first, by themselves."""
    queue, file = account.queue(VisibilityTimeout="62"), account.file("batches")
    reader = account.function(READS, {"Action": "sqs:*", "Resource": "*"}, FILE=str(file))
    account.client("lambda").create_event_source_mapping(
        FunctionName=reader, EventSourceArn=account.queue_arn(queue), MaximumBatchingWindowInSeconds=2
    )
    for number in range(messages):
        account.client("sqs").send_message(QueueUrl=queue, MessageBody=str(number))
        if number + 1 == first:
            account.eventually(lambda: Path(file).read_text())
    account.eventually(lambda: sum(len(line.split(",")) for line in lines(file)) == messages)
    return lines(file)


def lines(file: Path) -> list[str]:
    return file.read_text().split()


def test_messages_that_come_one_after_the_other_share_a_batch(account: Account) -> None:
    assert batches(account, messages=3, first=0) == ["0,1,2"]


def test_a_message_that_comes_after_the_window_has_a_batch_of_its_own(account: Account) -> None:
    assert batches(account, messages=2, first=1) == ["0", "1"]
