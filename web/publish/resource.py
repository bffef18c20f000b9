"""The storefront's files as a resource of the stack: CloudFormation has them published, and removed in the end."""

from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from publish.bucket import Bucket
from publish.site import site
from shopkit.custom_resource import answer

FOLDER = Path(__file__).parent.parent / "site"
# A call to S3 takes some 50 seconds at worst; CloudFormation has to be answered after it.
CALLS = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3, "mode": "standard"})
MARGIN_MS = 75_000


def handler(event: dict[str, Any], context: Any) -> None:
    """Publishes the site, or empties its bucket; answers CloudFormation with `CognitoOrigin`, where pages sign in."""

    def work() -> dict[str, str]:
        properties = event["ResourceProperties"]
        bucket = Bucket(boto3.client("s3", config=CALLS), properties["Bucket"], in_time)
        if event["RequestType"] == "Delete":
            bucket.empty()
            return {}
        # Where the SDK finds Cognito, browsers find it.
        cognito = boto3.client("cognito-idp").meta.endpoint_url.rstrip("/")
        bucket.publish(site(FOLDER, configuration(properties, cognito)))
        return {"CognitoOrigin": cognito}

    def in_time() -> None:
        if context.get_remaining_time_in_millis() < MARGIN_MS:
            raise TimeoutError("the storefront's files take longer than the function may")

    answer(event, work)


def configuration(properties: dict[str, Any], cognito: str) -> dict[str, Any]:
    """What pages have to know of their deployment: config.json. CloudFormation hands every property over as text."""
    return {
        "api": "/v1",
        "cognito": {"endpoint": f"{cognito}/", "client_id": properties["UserPoolClientId"]},
        "environment": properties["Environment"],
        "breaks": properties["Breaks"] == "true",
    }
