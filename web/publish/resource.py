"""The storefront's files as a custom resource: CloudFormation has them published, and removed with the stack."""

from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from publish.bucket import Bucket
from publish.site import site
from shopkit.custom_resource import answer

FOLDER = Path(__file__).parent.parent / "site"
# A call to S3 takes about 50 seconds at worst. After that there must be time to respond to CloudFormation.
CALLS = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3, "mode": "standard"})
MARGIN_MS = 75_000


def handler(event: dict[str, Any], context: Any) -> None:
    """Publishes the site, or empties its bucket. Returns `CognitoOrigin`, where pages sign in, to CloudFormation."""

    def work() -> dict[str, str]:
        properties = event["ResourceProperties"]
        bucket = Bucket(boto3.client("s3", config=CALLS), properties["Bucket"], in_time)
        if event["RequestType"] == "Delete":
            bucket.empty()
            return {}
        # Browsers reach Cognito at the same endpoint as the SDK.
        cognito = boto3.client("cognito-idp").meta.endpoint_url.rstrip("/")
        bucket.publish(site(FOLDER, configuration(properties, cognito)))
        return {"CognitoOrigin": cognito}

    def in_time() -> None:
        if context.get_remaining_time_in_millis() < MARGIN_MS:
            raise TimeoutError("the storefront's files take longer than the function may")

    answer(event, work)


def configuration(properties: dict[str, Any], cognito: str) -> dict[str, Any]:
    """Returns what pages need to know about their deployment (config.json). CloudFormation passes every property as
    text."""
    return {
        "api": "/v1",
        "cognito": {"endpoint": f"{cognito}/", "client_id": properties["UserPoolClientId"]},
        "environment": properties["Environment"],
        "breaks": properties["Breaks"] == "true",
    }
