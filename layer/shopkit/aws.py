"""boto3 clients with short time-outs: a call that hangs must fail before the function's own time-out."""

from functools import cache
from typing import TYPE_CHECKING, Any, Literal, overload

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

_CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})
# SES has no idempotency key: after a time-out, a retry by the SDK could send a second mail without a record of it.
_ONCE = _CONFIG.merge(Config(retries={"total_max_attempts": 1}))

# Error codes for throttling and for conflicts with concurrent calls: DynamoDB Developer
# Guide, "Error messages and codes"; API references of TransactWriteItems (CancellationReasons) and of PutRecords.
_BUSY = {
    "Throttling",
    "ThrottlingError",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "TransactionConflict",
    "TransactionConflictException",
    "TransactionInProgressException",
}


def is_busy(error: ClientError) -> bool:
    """Returns whether the call failed only because of load or concurrent calls, so that a retry may succeed."""
    response: Any = error.response
    codes = {reason.get("Code") for reason in response.get("CancellationReasons", [])} or {response["Error"]["Code"]}
    return not _BUSY.isdisjoint(codes)


@overload
def client(service: Literal["dynamodb"]) -> "DynamoDBClient": ...
@overload
def client(service: Literal["events"]) -> "EventBridgeClient": ...
@overload
def client(service: Literal["sns"]) -> "SNSClient": ...
@overload
def client(service: Literal["sqs"]) -> "SQSClient": ...
@overload
def client(service: Literal["kinesis"]) -> "KinesisClient": ...
@overload
def client(service: Literal["lambda"]) -> "LambdaClient": ...
@overload
def client(service: Literal["sesv2"]) -> "SESV2Client": ...
@overload
def client(service: Literal["cognito-idp"]) -> "CognitoIdentityProviderClient": ...
@overload
def client(service: Literal["secretsmanager"]) -> "SecretsManagerClient": ...
@overload
def client(service: Literal["stepfunctions"]) -> "SFNClient": ...
@cache
def client(service: str) -> Any:
    return boto3.client(service, config=_ONCE if service == "sesv2" else _CONFIG)  # type: ignore[call-overload]
