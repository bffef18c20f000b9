"""What a shop costs in a month in which nobody visits it, counted from its resources."""

from collections.abc import Iterator
from typing import Any

from deployed.meter.usage import Line
from deployed.stack import Stack

SECONDS = 30 * 24 * 3600
# Lambda asks an idle queue by long polling, 20 s a request: with two pollers, or with five if the mapping has a
# MaximumConcurrency (Lambda Developer Guide, "Configuring scaling behavior for SQS event source mappings"). What it
# does for FIFO queues is not documented; five are assumed.
POLL_SECONDS, FEW_POLLERS, POLLERS = 20, 2, 5
# The reconciler looks for late orders once a minute; each look takes a few milliseconds and reads two units a shard.
LOOKS, LOOK_GB_SECONDS, LOOK_READS = SECONDS / 60, 0.02, 2.0


def idle_lines(stack: Stack) -> Iterator[Line]:
    """Yields the month's lines. Storage is left out: the tables of a sandbox hold a few megabytes."""
    alarms = len(stack.resources.of_type("AWS::CloudWatch::Alarm"))
    dashboards = len(stack.resources.of_type("AWS::CloudWatch::Dashboard"))
    yield Line("CloudWatch", "alarms", "cloudwatch_alarm_month", alarms)
    yield Line("CloudWatch", "dashboards", "cloudwatch_dashboard_month", dashboards)
    for found in stack.resources.of_type("AWS::Kinesis::Stream"):
        yield _stream(stack.client("kinesis").describe_stream_summary(StreamName=found.id)["StreamDescriptionSummary"])
    yield from _polls(stack)
    yield Line("Lambda", "looks for late orders", "lambda_request", LOOKS)
    yield Line("Lambda", "GB-seconds of these looks", "lambda_arm64_gb_second", LOOKS * LOOK_GB_SECONDS)
    yield Line("DynamoDB", "read units of these looks", "dynamodb_read_unit", LOOKS * LOOK_READS)
    secrets = len(stack.resources.of_type("AWS::SecretsManager::Secret"))
    if secrets:
        yield Line("Secrets Manager", "secrets", "secretsmanager_secret_month", secrets)


def _stream(described: dict[str, Any]) -> Line:
    if described.get("StreamModeDetails", {}).get("StreamMode") == "ON_DEMAND":
        return Line("Kinesis", "hours on demand", "kinesis_on_demand_stream_hour", SECONDS / 3600)
    return Line("Kinesis", "shards", "kinesis_shard_month", described["OpenShardCount"])


def _polls(stack: Stack) -> Iterator[Line]:
    functions = stack.client("lambda")
    requests = {"sqs_request": 0.0, "sqs_fifo_request": 0.0}
    for found in stack.resources.of_type("AWS::Lambda::EventSourceMapping"):
        mapping = functions.get_event_source_mapping(UUID=found.id)
        source = mapping.get("EventSourceArn", "")
        if ":sqs:" not in source:
            continue
        fifo = source.endswith(".fifo")
        limited = "MaximumConcurrency" in mapping.get("ScalingConfig", {})
        pollers = POLLERS if fifo or limited else FEW_POLLERS
        requests["sqs_fifo_request" if fifo else "sqs_request"] += pollers * SECONDS / POLL_SECONDS
    yield Line("SQS", "Lambda's looks into empty queues", "sqs_request", requests["sqs_request"])
    yield Line("SQS", "the same, FIFO", "sqs_fifo_request", requests["sqs_fifo_request"])
