"""Functions, streams, logs: settings whose absence only a real account notices."""

from collections.abc import Iterator

from tests.template.rule import rule
from tests.template.tree import Resource

FUNCTION, MAPPING, QUEUE = "AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping", "AWS::SQS::Queue"
ROLE, BUCKET, LOG_GROUP, TABLE = "AWS::IAM::Role", "AWS::S3::Bucket", "AWS::Logs::LogGroup", "AWS::DynamoDB::Table"
STREAM, DELIVERY = "AWS::Kinesis::Stream", "AWS::KinesisFirehose::DeliveryStream"
HOUR, DAY = 3600, 86400


@rule(FUNCTION)
def function_is_built_as_designed(function: Resource) -> Iterator[str]:
    """One runtime, the cheaper processor, traces, and a time-out that somebody chose."""
    properties = function.properties()
    for name, expected in {
        "Runtime": "python3.13",
        "Architectures": ["arm64"],
        "TracingConfig": {"Mode": "Active"},
    }.items():
        if properties.get(name) != expected:
            yield f"{name} is {properties.get(name)}, not {expected}"
    if "Timeout" not in properties:
        yield "Timeout is not set"


@rule(FUNCTION)
def function_reserves_no_concurrency(function: Resource) -> Iterator[str]:
    """A new account may have 10 in all, of which AWS keeps 10 unreserved: the deployment fails."""
    for environment in ("local", "sandbox"):
        if "ReservedConcurrentExecutions" in function.properties(environment):
            yield f"reserves concurrency in {environment}"


@rule(FUNCTION)
def function_logs_to_a_group_of_the_stack(function: Resource) -> Iterator[str]:
    """The group that Lambda makes by itself keeps logs for ever and outlives the stack."""
    if function.target(function.written.get("LoggingConfig", {}).get("LogGroup"), LOG_GROUP) is None:
        yield "LoggingConfig.LogGroup does not lead to a log group of the stack"


@rule(LOG_GROUP)
def log_group_forgets(group: Resource) -> Iterator[str]:
    """Logs are kept for ever unless told otherwise, and billed."""
    if "RetentionInDays" not in group.properties():
        yield "RetentionInDays is not set"
    if group.body.get("DeletionPolicy", "Delete") != "Delete":
        yield "outlives its stack"


@rule("AWS::Lambda::LayerVersion")
def layer_goes_with_its_stack(layer: Resource) -> Iterator[str]:
    """SAM retains layer versions by default; RetentionPolicy: Delete."""
    if layer.body.get("DeletionPolicy", "Delete") != "Delete":
        yield "outlives its stack"


@rule(MAPPING)
def stream_consumer_retries_for_hours(mapping: Resource) -> Iterator[str]:
    """Three retries are over in seconds: a short outage of the bus would drop the outbox. Unlimited ones outlast the
    record, which then is lost without a trace; so the age ends them, before the stream's own day does."""
    if _stream(mapping) is None:
        return
    properties = mapping.properties()
    age = int(properties.get("MaximumRecordAgeInSeconds", -1))
    if not HOUR <= age < DAY:
        yield f"MaximumRecordAgeInSeconds is {age}; hours, and less than a day, are meant"
    if int(properties.get("MaximumRetryAttempts", -1)) != -1:
        yield "MaximumRetryAttempts ends the retries before the age does"


@rule(MAPPING)
def stream_consumer_isolates_poison(mapping: Resource) -> Iterator[str]:
    """One record that always fails otherwise holds up its shard, and takes its whole batch with it."""
    if _stream(mapping) is None:
        return
    properties = mapping.properties()
    if properties.get("BisectBatchOnFunctionError") is not True:
        yield "BisectBatchOnFunctionError is not set"
    if "ReportBatchItemFailures" not in properties.get("FunctionResponseTypes", []):
        yield "FunctionResponseTypes lacks ReportBatchItemFailures"


@rule(MAPPING)
def stream_consumer_starts_at_the_beginning(mapping: Resource) -> Iterator[str]:
    """LATEST loses what was written before the mapping became active."""
    if _stream(mapping) is not None and mapping.properties().get("StartingPosition") != "TRIM_HORIZON":
        yield "StartingPosition is not TRIM_HORIZON"


@rule(MAPPING)
def stream_consumer_keeps_what_it_gave_up(mapping: Resource) -> Iterator[str]:
    """Only an S3 destination receives the records; a queue or topic gets sequence numbers that expire with the day."""
    if _stream(mapping) is None:
        return
    destination = mapping.written.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    bucket = mapping.target(destination, BUCKET)
    if bucket is None:
        yield "DestinationConfig.OnFailure does not lead to a bucket"
        return
    function = mapping.target(mapping.written["FunctionName"], FUNCTION)
    role = function and function.target(function.written["Role"], ROLE)
    for action in ("s3:PutObject", "s3:ListBucket"):
        if role is None or not role.tree.allows(role, action, bucket):
            yield f"{role} lacks {action} on {bucket}"


@rule(DELIVERY)
def delivery_has_a_place_for_errors(delivery: Resource) -> Iterator[str]:
    """AWS refuses expressions in Prefix without an ErrorOutputPrefix that names the type of error."""
    destination = delivery.written.get("ExtendedS3DestinationConfiguration", {})
    if "!{" in destination.get("Prefix", "") and "!{firehose:error-output-type}" not in destination.get(
        "ErrorOutputPrefix", ""
    ):
        yield "ErrorOutputPrefix lacks !{firehose:error-output-type}"


@rule(TABLE)
def stream_has_two_readers_at_most(table: Resource) -> Iterator[str]:
    """DynamoDB throttles a third reader of a shard."""
    readers = [
        mapping
        for mapping in table.tree.all(MAPPING)
        if table in mapping.targets(mapping.written.get("EventSourceArn"))
    ]
    if len(readers) > 2:
        yield f"read by {', '.join(map(str, readers))}"


def _stream(mapping: Resource) -> Resource | None:
    source = mapping.written.get("EventSourceArn")
    return mapping.target(source, STREAM) or mapping.target(source, TABLE)
