"""How to connect to the brokers: by IAM (MSK), by SASL/SCRAM with a secret, or in plain text in a private network."""

import json
import os
from collections.abc import Mapping
from typing import Any

from shopkit.aws import client


def settings() -> dict[str, Any]:
    """Returns librdkafka's settings for the brokers in BROKERS, according to AUTHENTICATION."""
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
    """Returns a token for the function's own role, and its expiry in seconds since the epoch."""
    # Imported only where used: it is slow to load.
    from aws_msk_iam_sasl_signer import MSKAuthTokenProvider  # noqa: PLC0415

    token, expires_ms = MSKAuthTokenProvider.generate_auth_token(region)
    return token, expires_ms / 1000


def _secret(arn: str) -> Mapping[str, str]:
    """Returns the secret. It has the form that Lambda's event source needs: JSON with `username` and `password`."""
    found: Mapping[str, str] = json.loads(client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    return found
