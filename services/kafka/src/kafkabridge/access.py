"""How to reach the brokers: by IAM (MSK), by SASL/SCRAM with a secret, or in plain text within a private network."""

import json
import os
from collections.abc import Mapping
from typing import Any

from shopkit.aws import client


def settings() -> dict[str, Any]:
    """librdkafka's settings for the brokers in BROKERS, by what AUTHENTICATION says."""
    reached: dict[str, Any] = {"bootstrap.servers": os.environ["BROKERS"]}
    match os.environ["AUTHENTICATION"]:
        case "iam":
            return reached | {
                "security.protocol": "SASL_SSL",
                "sasl.mechanisms": "OAUTHBEARER",
                "oauth_cb": lambda _config: iam_token(os.environ["AWS_REGION"]),
            }
        case "plaintext":
            return reached
        case mechanism:
            secret = _secret(os.environ["SECRET_ARN"])
            return reached | {
                "security.protocol": "SASL_SSL",
                "sasl.mechanisms": mechanism,
                "sasl.username": secret["username"],
                "sasl.password": secret["password"],
            }


def iam_token(region: str) -> tuple[str, float]:
    """A token of the function's own role, signed on the spot, and when it expires in seconds since the epoch."""
    # Only where it is used: it loads boto3's session of its own.
    from aws_msk_iam_sasl_signer import MSKAuthTokenProvider  # noqa: PLC0415

    token, expires_ms = MSKAuthTokenProvider.generate_auth_token(region)
    return token, expires_ms / 1000


def _secret(arn: str) -> Mapping[str, str]:
    """As Lambda's own event source wants it: JSON with `username` and `password`."""
    found: Mapping[str, str] = json.loads(client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    return found
