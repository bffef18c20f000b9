"""Stream event sources keep AWS's promises: order, limits, partial batches, failure destinations, isolation."""

import json
import re
from typing import Any

import pytest

from tests.emulator.account import Account

# Notes every batch in a table, in order, then does what the item's id says.
RECORDER = """
    import json, os, time, boto3
    table = boto3.resource("dynamodb").Table(os.environ["SEEN"])
    attempts = {}

    def handler(event, context):
        ids = [record["dynamodb"]["Keys"]["id"]["S"] if "dynamodb" in record else record["kinesis"]["partitionKey"]
               for record in event["Records"]]
        numbers = [(record.get("dynamodb") or record.get("kinesis")) for record in event["Records"]]
        numbers = [each.get("SequenceNumber") or each.get("sequenceNumber") for each in numbers]
        table.put_item(Item={"id": f"{time.time():.6f}", "batch": ids})
        for each in ids:
            attempts[each] = attempts.get(each, 0) + 1
            if each.startswith("poison") or each.startswith("flaky") and attempts[each] < 3:
                if os.environ.get("REPORT"):
                    return {"batchItemFailures": [{"itemIdentifier": numbers[ids.index(each)]}]}
                raise ValueError(each)
"""


class Consumer:
    """A table with a stream, a function that reads it, and what the function saw."""

    def __init__(self, account: Account, *statements: dict[str, Any], report: bool = False, **mapping: Any) -> None:
        self.account = account
        self.source, self.stream = account.table()
        self.seen, _ = account.table(stream=False)
        environment = {"SEEN": self.seen} | ({"REPORT": "yes"} if report else {})
        allowed = {"Action": "dynamodb:PutItem", "Resource": "*"}
        self.function = account.function(RECORDER, allowed, *statements, **environment)
        self.mapping = account.client("lambda").create_event_source_mapping(
            EventSourceArn=self.stream,
            FunctionName=self.function,
            StartingPosition="TRIM_HORIZON",
            **({"FunctionResponseTypes": ["ReportBatchItemFailures"]} if report else {}),
            **mapping,
        )

    def batches(self) -> list[list[str]]:
        items = self.account.client("dynamodb").scan(TableName=self.seen, ConsistentRead=True)["Items"]
        ordered = sorted(items, key=lambda item: float(item["id"]["S"]))
        return [[each["S"] for each in item["batch"]["L"]] for item in ordered]

    def handled(self, record: str, within: float = 10) -> list[list[str]]:
        self.account.eventually(lambda: any(record in batch for batch in self.batches()), within)
        return self.batches()


def test_a_stuck_function_does_not_stop_another(account: Account) -> None:
    """Retries are unlimited by default; every mapping reads for itself."""
    stuck = Consumer(account)
    account.put(stuck.source, "poison", "after")
    account.eventually(lambda: len(stuck.batches()) >= 3)
    other = Consumer(account)
    account.put(other.source, "a")
    assert other.handled("a", within=3) == [["a"]]
    assert all("poison" in batch for batch in stuck.batches()), "nothing may overtake the record in its shard"


def test_retries_end_and_the_queue_gets_metadata(account: Account) -> None:
    queue = account.queue()
    arn = account.queue_arn(queue)
    consumer = Consumer(
        account,
        {"Action": "sqs:SendMessage", "Resource": arn},
        MaximumRetryAttempts=1,
        BatchSize=1,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    account.put(consumer.source, "poison", "next")
    assert consumer.handled("next") == [["poison"], ["poison"], ["next"]]
    record = json.loads(account.eventually(lambda: account.receive(queue))[0]["Body"])
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["DDBStreamBatchInfo"]["streamArn"] == consumer.stream
    assert record["DDBStreamBatchInfo"]["batchSize"] == 1
    assert "payload" not in record


def test_s3_gets_the_whole_invocation(account: Account) -> None:
    s3 = account.client("s3")
    bucket = account.name("failures")
    s3.create_bucket(Bucket=bucket)
    consumer = Consumer(
        account,
        {
            "Action": ["s3:PutObject", "s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        },
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )
    account.put(consumer.source, "poison")
    (found,) = account.eventually(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents", []))
    uuid = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    day = r"\d{4}/\d\d/\d\d/\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d"
    assert re.fullmatch(rf"aws/lambda/{consumer.mapping['UUID']}/shardId-[\w-]+/{day}-{uuid}", found["Key"])
    record = json.loads(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
    (invoked,) = json.loads(record["payload"])["Records"]
    assert invoked["dynamodb"]["NewImage"] == {"id": {"S": "poison"}}
    assert invoked["dynamodb"]["SequenceNumber"] == record["DDBStreamBatchInfo"]["startSequenceNumber"]


def test_a_destination_needs_the_function_s_permission(account: Account) -> None:
    queue = account.queue()
    destination = {"OnFailure": {"Destination": account.queue_arn(queue)}}
    consumer = Consumer(account, MaximumRetryAttempts=0, BatchSize=1, DestinationConfig=destination)
    account.put(consumer.source, "poison", "next")
    consumer.handled("next")
    assert account.receive(queue) == []


def test_bisection_singles_out_the_poison_record(account: Account) -> None:
    consumer = Consumer(account, MaximumRetryAttempts=0, BisectBatchOnFunctionError=True, BatchSize=4)
    account.client("lambda").update_event_source_mapping(UUID=consumer.mapping["UUID"], Enabled=False)
    account.put(consumer.source, "a", "b", "poison", "c")
    account.client("lambda").update_event_source_mapping(UUID=consumer.mapping["UUID"], Enabled=True)
    account.eventually(lambda: consumer.batches()[-1:] == [["c"]])
    assert consumer.batches() == [["a", "b", "poison", "c"], ["a", "b"], ["poison", "c"], ["poison"], ["c"]]


def test_a_partial_failure_resumes_at_the_lowest_reported_record(account: Account) -> None:
    consumer = Consumer(account, report=True, MaximumRetryAttempts=5, BatchSize=4)
    account.client("lambda").update_event_source_mapping(UUID=consumer.mapping["UUID"], Enabled=False)
    account.put(consumer.source, "a", "b", "flaky", "c")
    account.client("lambda").update_event_source_mapping(UUID=consumer.mapping["UUID"], Enabled=True)
    account.eventually(lambda: len(consumer.batches()) == 3)
    assert consumer.batches() == [["a", "b", "flaky", "c"], ["flaky", "c"], ["flaky", "c"]]


def test_records_past_their_age_are_given_up(account: Account) -> None:
    """60 seconds are AWS's least; the emulator takes less, which is what makes this a test of a second."""
    queue = account.queue()
    arn = account.queue_arn(queue)
    consumer = Consumer(
        account,
        {"Action": "sqs:SendMessage", "Resource": arn},
        MaximumRecordAgeInSeconds=1,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    account.put(consumer.source, "poison")
    record = json.loads(account.eventually(lambda: account.receive(queue))[0]["Body"])
    assert record["requestContext"]["condition"] == "RecordAgeExceeded"
    account.put(consumer.source, "next")
    consumer.handled("next")


def test_filters_keep_records_from_the_function(account: Account) -> None:
    pattern = {"dynamodb": {"NewImage": {"id": {"S": ["wanted"]}}}}
    consumer = Consumer(account, FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]})
    account.put(consumer.source, "other", "wanted")
    assert consumer.handled("wanted") == [["wanted"]]


@pytest.mark.parametrize("position", ["LATEST", "TRIM_HORIZON"])
def test_kinesis_shards_keep_their_order_past_a_poison_record(account: Account, position: str) -> None:
    kinesis = account.client("kinesis")
    stream = account.name("clicks")
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    consumer = Consumer(account)
    kinesis.put_record(StreamName=stream, PartitionKey="early", Data=b"{}")
    account.client("lambda").create_event_source_mapping(
        EventSourceArn=arn,
        FunctionName=consumer.function,
        StartingPosition=position,
        MaximumRetryAttempts=0,
        BatchSize=1,
    )
    for key in ("a", "poison", "b"):
        kinesis.put_record(StreamName=stream, PartitionKey=key, Data=b"{}")
    expected = [["a"], ["poison"], ["b"]]
    assert consumer.handled("b") == (expected if position == "LATEST" else [["early"], *expected])
