"""A resource for CloudFormation: the brokers' addresses of an MSK cluster, which no attribute of it tells."""

from typing import Any

import boto3

from shopkit.custom_resource import answer


def handler(event: dict[str, Any], _context: Any) -> None:
    """Answers CloudFormation's question with `Brokers`, for clients that authenticate by IAM."""

    def work() -> dict[str, str]:
        deleted = event["RequestType"] == "Delete"
        return {} if deleted else {"Brokers": brokers(event["ResourceProperties"]["ClusterArn"])}

    answer(event, work)


def brokers(cluster_arn: str) -> str:
    found: str = boto3.client("kafka").get_bootstrap_brokers(ClusterArn=cluster_arn)["BootstrapBrokerStringSaslIam"]
    return found
