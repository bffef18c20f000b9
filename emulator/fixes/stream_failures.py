"""Where a stream's discarded batch goes.

AWS: an SQS queue or SNS topic gets metadata only (which shard, which sequence numbers); an S3 bucket gets the same with
the whole invocation as `payload`, in an object named by mapping, shard and time. The function's execution role must
allow it (Lambda Developer Guide, "Retain discarded batch records for a DynamoDB event source", "… Kinesis …").
Emulator: knows SQS and SNS for DynamoDB's age limit only, and asks no permission.
Fix: send the record through the emulator's front door with the function's own credentials, so that permissions, S3
notifications and subscriptions work as for any caller.
Goes when: `streams` goes.
"""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import boto3

from emulator.patching import module


@dataclass(frozen=True)
class Discard:
    """A batch that is given up."""

    mapping_id: str
    function: dict[str, Any]  # its configuration
    shard_id: str
    stream_arn: str
    records: list[dict[str, Any]]
    condition: str
    invocations: int
    raised: bool  # False when the function answered, but reported failures


def deliver(discard: Discard, destination: str) -> None:
    """Raises whatever the destination answers."""
    now = datetime.now(UTC)
    document = _document(discard, now)
    _arn, _partition, service, region, account, name = destination.split(":", 5)
    client = _client(service, region, discard.function)
    if service == "sqs":
        client.send_message(QueueUrl=f"{_endpoint()}/{account}/{name}", MessageBody=json.dumps(document))
    elif service == "sns":
        client.publish(TopicArn=destination, Message=json.dumps(document))
    elif service == "s3":
        document["payload"] = json.dumps({"Records": discard.records})
        key = f"aws/lambda/{discard.mapping_id}/{discard.shard_id}/{now:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{uuid4()}"
        client.put_object(Bucket=name, Key=key, Body=json.dumps(document).encode())
    else:
        raise ValueError(f"{destination} cannot be a failure destination")


def _document(discard: Discard, now: datetime) -> dict[str, Any]:
    first, last = discard.records[0], discard.records[-1]
    kinesis = "kinesis" in first
    sequence, arrived = (
        ("sequenceNumber", "approximateArrivalTimestamp")
        if kinesis
        else ("SequenceNumber", "ApproximateCreationDateTime")
    )
    body = "kinesis" if kinesis else "dynamodb"
    answer = {"statusCode": 200, "executedVersion": discard.function.get("Version", "$LATEST")}
    return {
        "requestContext": {
            "requestId": str(uuid4()),
            "functionArn": discard.function.get("FunctionArn"),
            "condition": discard.condition,
            "approximateInvokeCount": discard.invocations,
        },
        "responseContext": answer | ({"functionError": "Unhandled"} if discard.raised else {}),
        "version": "1.0",
        "timestamp": _iso(now.timestamp()),
        "KinesisBatchInfo" if kinesis else "DDBStreamBatchInfo": {
            "shardId": discard.shard_id,
            "startSequenceNumber": first[body][sequence],
            "endSequenceNumber": last[body][sequence],
            "approximateArrivalOfFirstRecord": _iso(first[body][arrived]),
            "approximateArrivalOfLastRecord": _iso(last[body][arrived]),
            "batchSize": len(discard.records),
            "streamArn": discard.stream_arn,
        },
    }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _client(service: str, region: str, function: dict[str, Any]) -> Any:
    credentials = module("core.lambda_runtime").execution_credentials(function)
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=_endpoint(),
        region_name=region or "us-east-1",  # a bucket's ARN names none
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=credentials["AWS_SESSION_TOKEN"],
    )


def _endpoint() -> str:
    return f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"
