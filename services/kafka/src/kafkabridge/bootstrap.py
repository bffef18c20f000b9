"""A custom resource for CloudFormation: the broker addresses of an MSK cluster, which are not among its attributes."""

from typing import Any

import boto3

from shopkit.custom_resource import answer


def handler(event: dict[str, Any], _context: Any) -> None:
    """Responds to CloudFormation with `Brokers`, for clients that authenticate by IAM."""

    def work() -> dict[str, str]:
        deleted = event["RequestType"] == "Delete"
        return {} if deleted else {"Brokers": brokers(event["ResourceProperties"]["ClusterArn"])}

    answer(event, work)


def brokers(cluster_arn: str) -> str:
    found: str = boto3.client("kafka").get_bootstrap_brokers(ClusterArn=cluster_arn)["BootstrapBrokerStringSaslIam"]
    return found
