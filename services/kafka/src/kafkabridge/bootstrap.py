"""A custom resource for CloudFormation: the broker addresses of an MSK cluster, which are not among its attributes."""

import json
from typing import Any
from urllib.request import Request, urlopen

import boto3

from shopkit.telemetry import logger


def handler(event: dict[str, Any], _context: Any) -> None:
    """Responds to CloudFormation with `Brokers`, for clients that authenticate by IAM."""
    answer: dict[str, Any] = {"Status": "SUCCESS", "Data": {}}
    if event["RequestType"] != "Delete":
        try:
            answer["Data"] = {"Brokers": brokers(event["ResourceProperties"]["ClusterArn"])}
        except Exception as failure:  # noqa: BLE001 - without a response CloudFormation waits for an hour
            logger.exception("no brokers")
            answer = {"Status": "FAILED", "Reason": f"{type(failure).__name__}: {failure}"[:500]}
    identity = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    physical = event.get("PhysicalResourceId", f"{event['LogicalResourceId']}-brokers")
    body = json.dumps(answer | identity | {"PhysicalResourceId": physical}).encode()
    # The URL is presigned by CloudFormation. A content type would invalidate the signature.
    request = Request(event["ResponseURL"], data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310
    with urlopen(request, timeout=10):  # noqa: S310
        logger.info("answered", status=answer["Status"])


def brokers(cluster_arn: str) -> str:
    found: str = boto3.client("kafka").get_bootstrap_brokers(ClusterArn=cluster_arn)["BootstrapBrokerStringSaslIam"]
    return found
