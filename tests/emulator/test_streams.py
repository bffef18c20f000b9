"""Stream event sources keep AWS's promises: order, limits, partial batches, failure destinations, isolation."""

import json
import re
from typing import Any

import pytest

from tests.emulator.account import Account

# Notes every batch in a file, then does what the ids say.
RECORDER = """
    import json, os
    attempts = {}

    def handler(event, context):
        records = [record.get("dynamodb") or record["kinesis"] for record in event["Records"]]
        ids = [record["Keys"]["id"]["S"] if "Keys" in record else record["partitionKey"] for record in records]
        with open(os.environ["SEEN"], "a") as seen:
            seen.write(json.dumps(ids) + "\\n")
        for id, record in zip(ids, records):
            attempts[id] = attempts.get(id, 0) + 1
            if id.startswith("poison") or id.startswith("flaky") and attempts[id] < 3:
                if os.environ["REPORT"]:
                    return {"batchItemFailures": [{"itemIdentifier": record["SequenceNumber"]}]}
                raise ValueError(id)
"""


class Consumer:
    """A table with a stream, a function that reads it, and what the function saw."""

    def __init__(
        self, account: Account, *statements: dict[str, Any], report: bool = False, source: str = "", **mapping: Any
    ) -> None:
        self.account = account
        self.table, stream = account.table()
        self.stream = source or stream
        self.seen = account.file("seen")
        self.function = account.function(RECORDER, *statements, SEEN=str(self.seen), REPORT="yes" if report else "")
        self.mapping = account.client("lambda").create_event_source_mapping(
            EventSourceArn=self.stream,
            FunctionName=self.function,
            **{"StartingPosition": "TRIM_HORIZON"} | mapping,
            **({"FunctionResponseTypes": ["ReportBatchItemFailures"]} if report else {}),
        )

    def put(self, *ids: str) -> None:
        for each in ids:
            self.account.client("dynamodb").put_item(TableName=self.table, Item={"id": {"S": each}})

    def put_together(self, *ids: str) -> None:
        """So that they make one batch."""
        self.enable(False)
        self.put(*ids)
        self.enable(True)

    def enable(self, enabled: bool) -> None:
        self.account.client("lambda").update_event_source_mapping(UUID=self.mapping["UUID"], Enabled=enabled)

    def batches(self) -> list[list[str]]:
        return [json.loads(line) for line in self.seen.read_text().splitlines()]

    def handled(self, record: str, within: float = 10) -> list[list[str]]:
        self.account.eventually(lambda: any(record in batch for batch in self.batches()), within)
        return self.batches()


def test_a_stuck_function_does_not_stop_another(account: Account) -> None:
    """Retries are unlimited by default; every mapping reads for itself."""
    stuck = Consumer(account)
    stuck.put("poison", "after")
    account.eventually(lambda: len(stuck.batches()) >= 3)
    other = Consumer(account)
    other.put("a")
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
    consumer.put("poison", "next")
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
    consumer.put("poison")
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
    consumer.put("poison", "next")
    consumer.handled("next")
    assert account.receive(queue) == []


def test_bisection_singles_out_the_poison_record(account: Account) -> None:
    consumer = Consumer(account, MaximumRetryAttempts=0, BisectBatchOnFunctionError=True, BatchSize=4)
    consumer.put_together("a", "b", "poison", "c")
    account.eventually(lambda: consumer.batches()[-1:] == [["c"]])
    assert consumer.batches() == [["a", "b", "poison", "c"], ["a", "b"], ["poison", "c"], ["poison"], ["c"]]


def test_a_partial_failure_resumes_at_the_lowest_reported_record(account: Account) -> None:
    consumer = Consumer(account, report=True, MaximumRetryAttempts=5, BatchSize=4)
    consumer.put_together("a", "b", "flaky", "c")
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
    consumer.put("poison")
    record = json.loads(account.eventually(lambda: account.receive(queue))[0]["Body"])
    assert record["requestContext"]["condition"] == "RecordAgeExceeded"
    consumer.put("next")
    consumer.handled("next")


def test_filters_keep_records_from_the_function(account: Account) -> None:
    pattern = {"dynamodb": {"NewImage": {"id": {"S": ["wanted"]}}}}
    consumer = Consumer(account, FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]})
    consumer.put("other", "wanted")
    assert consumer.handled("wanted") == [["wanted"]]


@pytest.mark.parametrize("position", ["LATEST", "TRIM_HORIZON"])
def test_kinesis_shards_keep_their_order_past_a_poison_record(account: Account, position: str) -> None:
    kinesis = account.client("kinesis")
    stream = account.name("clicks")
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    kinesis.put_record(StreamName=stream, PartitionKey="early", Data=b"{}")
    consumer = Consumer(account, source=arn, StartingPosition=position, MaximumRetryAttempts=0, BatchSize=1)
    for key in ("a", "poison", "b"):
        kinesis.put_record(StreamName=stream, PartitionKey=key, Data=b"{}")
    expected = [["a"], ["poison"], ["b"]]
    assert consumer.handled("b") == (expected if position == "LATEST" else [["early"], *expected])


def test_resharding_loses_nothing_and_keeps_the_order_of_each_key(account: Account) -> None:
    """What a closed shard still holds is handled before anything of the shards that took its keys over."""
    kinesis = account.client("kinesis")
    stream = account.name("clicks")
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    consumer = Consumer(account, source=arn, BatchSize=5, Enabled=False)
    keys = [f"key{number}" for number in range(12)]

    def put() -> None:
        kinesis.put_records(StreamName=stream, Records=[{"PartitionKey": key, "Data": b"{}"} for key in keys])

    def shards() -> list[str]:
        found = kinesis.list_shards(StreamName=stream)["Shards"]
        return [one["ShardId"] for one in sorted(found, key=lambda one: int(one["HashKeyRange"]["StartingHashKey"]))]

    put()
    kinesis.split_shard(StreamName=stream, ShardToSplit=shards()[0], NewStartingHashKey=str(2**127))
    put()
    kinesis.update_shard_count(StreamName=stream, TargetShardCount=3, ScalingType="UNIFORM_SCALING")
    put()
    first, second, _third = shards()
    kinesis.merge_shards(StreamName=stream, ShardToMerge=first, AdjacentShardToMerge=second)
    put()
    consumer.enable(True)
    everything = sorted(4 * keys)
    account.eventually(lambda: sum(map(len, consumer.batches())) >= len(everything), within=20)
    handled = [key for batch in consumer.batches() for key in batch]
    assert sorted(handled) == everything
    assert sorted(handled[: len(keys)]) == sorted(keys), "the first shard's records come before all others"
