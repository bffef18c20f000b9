"""The clicks' stream and the counters' table on moto, and the way between them as Lambda goes it."""

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from clickstream import aggregate, collect, trending
from shopkit import clock
from tests.support.tables import create_tables

NOW = datetime(2024, 5, 17, 10, 5, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Clickstream:
    table: str
    failures: str

    def post(self, *clicks: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return _answer(
            collect.handler(
                {
                    "path": "/clicks",
                    "headers": {"Content-Type": "application/json"},
                    "body": json.dumps({"events": clicks}),
                },
                None,
            )
        )

    def records(self) -> list[dict[str, Any]]:
        """What the stream holds, as Lambda hands it over; all of it arrived at NOW."""
        kinesis = boto3.client("kinesis")
        found: list[Any] = []
        for shard in kinesis.list_shards(StreamName="clicks")["Shards"]:
            iterator = kinesis.get_shard_iterator(
                StreamName="clicks", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            entries = kinesis.get_records(ShardIterator=iterator)["Records"]
            found += [record(entry["Data"], entry["SequenceNumber"], shard["ShardId"]) for entry in entries]
        return found

    def aggregate(self, records: list[dict[str, Any]]) -> list[str]:
        """The sequence numbers from which Lambda is asked to retry."""
        answer = aggregate.handler({"Records": records}, None)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def trending(self, **query: str) -> tuple[int, dict[str, Any]]:
        return _answer(trending.handler({"path": "/trending", "queryStringParameters": query or None}, None))

    def trend(self, sku: str) -> Any:
        return next(product for product in self.trending()[1]["products"] if product["sku"] == sku)

    def set_aside(self) -> list[dict[str, Any]]:
        answer = boto3.client("sqs").receive_message(QueueUrl=self.failures, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


@pytest.fixture
def clickstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clickstream]:
    with mock_aws():
        boto3.client("kinesis").create_stream(StreamName="clicks", ShardCount=2)
        table = create_tables("clickstream")["Counters"]
        failures = boto3.client("sqs").create_queue(QueueName="failures")["QueueUrl"]
        monkeypatch.setenv("STREAM_NAME", "clicks")
        monkeypatch.setenv("CLICKSTREAM_TABLE", table)
        monkeypatch.setenv("FAILURE_QUEUE_URL", failures)
        monkeypatch.setattr(clock, "now", lambda: NOW)
        monkeypatch.setattr(time, "sleep", lambda _: None)
        yield Clickstream(table, failures)


def click(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "session_id": "s1",
        "type": "view",
        "sku": "tea",
        "at": (NOW - timedelta(minutes=1)).isoformat(),
    } | changes


def record(
    data: bytes, sequence_number: str, shard: str = "shardId-000000000000", at: datetime = NOW
) -> dict[str, Any]:
    return {
        "eventSource": "aws:kinesis",
        "eventID": f"{shard}:{sequence_number}",
        "kinesis": {
            "sequenceNumber": sequence_number,
            "approximateArrivalTimestamp": at.timestamp(),
            "data": base64.b64encode(data).decode(),
        },
    }


def _answer(response: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    return response["statusCode"], json.loads(response["body"])
