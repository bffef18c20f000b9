"""`make destroy`: delete the deployed stack for good.

CloudFormation refuses to delete a bucket that holds anything and a bus that has a rule, so a stack that has archived
one click, set one failed batch aside or been watched by a `shop watch` that was killed would end in DELETE_FAILED. The
person is asked once, with what will be lost, before anything is touched.
"""

import argparse
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

CONFIG = Path(__file__).resolve().parent.parent / "samconfig.toml"


def stack_names() -> dict[str, str]:
    """By the environments of samconfig.toml."""
    sections = tomllib.loads(CONFIG.read_text())
    return {
        name: section["global"]["parameters"]["stack_name"] for name, section in sections.items() if name != "version"
    }


def resources(stack: str) -> Iterator[tuple[str, str]]:
    """Type and physical id of what the stack, and the stacks nested in it, still hold."""
    pages = boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    for resource in (resource for page in pages for resource in page["StackResourceSummaries"]):
        physical = resource.get("PhysicalResourceId", "")
        if not physical or resource["ResourceStatus"] == "DELETE_COMPLETE":
            continue
        yield resource["ResourceType"], physical
        if resource["ResourceType"] == "AWS::CloudFormation::Stack":
            yield from resources(physical)


def protected(table: str) -> bool:
    described = boto3.client("dynamodb").describe_table(TableName=table)["Table"]
    return described.get("DeletionProtectionEnabled", False)


def remove_watchers(bus: str, stack: str) -> None:
    """What a killed `shop watch` left behind (cli/watching.py)."""
    events, sqs, prefix = boto3.client("events"), boto3.client("sqs"), f"{stack}-watch-"
    for page in events.get_paginator("list_rules").paginate(EventBusName=bus, NamePrefix=prefix):
        for rule in page["Rules"]:
            targets = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]
            if targets:
                events.remove_targets(Rule=rule["Name"], EventBusName=bus, Ids=[target["Id"] for target in targets])
            events.delete_rule(Name=rule["Name"], EventBusName=bus)
    for url in sqs.list_queues(QueueNamePrefix=prefix).get("QueueUrls", []):
        sqs.delete_queue(QueueUrl=url)


def main(arguments: list[str] | None = None) -> int:
    parser, stacks = argparse.ArgumentParser(description=__doc__), stack_names()
    parser.add_argument("--config-env", default="default", choices=stacks, help="section of samconfig.toml")
    stack = stacks[parser.parse_args(arguments).config_env]
    try:
        region = boto3.session.Session().region_name
        account = boto3.client("sts").get_caller_identity()["Account"]
        held = list(resources(stack))
        kept = [name for kind, name in held if kind == "AWS::DynamoDB::Table" and protected(name)]
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"cartwheel: cannot look at stack {stack}: {error}")
    if kept:
        sys.exit(f"Nothing was deleted: these tables are protected, so unprotect them first: {', '.join(kept)}")
    buckets = [name for kind, name in held if kind == "AWS::S3::Bucket"]
    print(f"This deletes stack {stack} in account {account}, {region}: its tables, logs, and what its buckets hold:")
    for bucket in buckets:
        print(f"  {bucket}")
    if input(f"Type the stack's name to delete it ({stack}): ") != stack:
        sys.exit("Nothing was deleted.")
    for bus in [name for kind, name in held if kind == "AWS::Events::EventBus"]:
        remove_watchers(bus, stack)
    return delete(stack)


def delete(stack: str) -> int:
    """Answers the exit code."""
    identity = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    print(f"Deleting {stack}: this takes a few minutes")
    # Clicks that Firehose still held may reach their bucket after it was emptied: once more, then.
    failure = failed_deletion(identity) and failed_deletion(identity)
    if failure:
        told = f"cartwheel: {stack} is not completely deleted; CloudFormation's console says why ({failure})"
        print(told, file=sys.stderr)
        return 1
    print(f"{stack} is deleted")
    return 0


def failed_deletion(stack: str) -> WaiterError | None:
    """By CloudFormation itself: `sam delete` reads every nested template first, and trips over addresses that are not
    S3's own."""
    for bucket in [name for kind, name in resources(stack) if kind == "AWS::S3::Bucket"]:
        boto3.resource("s3").Bucket(bucket).object_versions.delete()
    cloudformation = boto3.client("cloudformation")
    cloudformation.delete_stack(StackName=stack)
    try:
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack)
    except WaiterError as error:
        return error
    return None


if __name__ == "__main__":
    sys.exit(main())
