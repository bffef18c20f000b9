"""`make destroy`: deletes the deployed stack for good.

CloudFormation refuses to delete a bucket with objects in it or a bus with a rule. So a stack that has archived one
click, set one failed batch aside, or been watched by a `shop watch` that was killed would end in DELETE_FAILED. This
program shows what will be lost and asks once, before it deletes anything.
"""

import argparse
import sys
import tomllib
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from deployed import watch as watching
from deployed.errors import CommandError
from deployed.resources import Resources

CONFIG = Path(__file__).resolve().parent.parent / "samconfig.toml"


def stack_names() -> dict[str, str]:
    """Returns the stack names by environment of samconfig.toml."""
    sections = tomllib.loads(CONFIG.read_text())
    return {
        name: section["global"]["parameters"]["stack_name"] for name, section in sections.items() if name != "version"
    }


def resources(stack: str) -> Resources:
    """Returns what still exists in the stack and its nested stacks."""
    return Resources.of(boto3.client("cloudformation"), stack)


def protected(held: Resources) -> list[str]:
    """Returns what CloudFormation would refuse to delete, after it had deleted the rest."""
    dynamodb, cognito = boto3.client("dynamodb"), boto3.client("cognito-idp")
    tables = {
        table.id: dynamodb.describe_table(TableName=table.id)["Table"].get("DeletionProtectionEnabled", False)
        for table in held.of_type("AWS::DynamoDB::Table")
    }
    pools = {
        pool.id: cognito.describe_user_pool(UserPoolId=pool.id)["UserPool"].get("DeletionProtection") == "ACTIVE"
        for pool in held.of_type("AWS::Cognito::UserPool")
    }
    return [name for name, kept in (tables | pools).items() if kept]


def remove_watchers(bus: str, stack: str) -> None:
    """Removes what a killed `shop watch` left behind."""
    events, sqs = boto3.client("events"), boto3.client("sqs")
    for name in watching.watchers(events, sqs, bus, stack):
        watching.remove(events, sqs, bus, name)


def main(arguments: list[str] | None = None) -> int:
    parser, stacks = argparse.ArgumentParser(description=__doc__), stack_names()
    parser.add_argument("--config-env", default="default", choices=stacks, help="section of samconfig.toml")
    stack = stacks[parser.parse_args(arguments).config_env]
    try:
        region = boto3.session.Session().region_name
        account = boto3.client("sts").get_caller_identity()["Account"]
        held = resources(stack)
        kept = protected(held)
    except (BotoCoreError, ClientError, CommandError) as error:
        sys.exit(f"cartwheel: cannot look at stack {stack}: {error}")
    if kept:
        sys.exit(f"Nothing was deleted: these are protected, so unprotect them first: {', '.join(kept)}")
    print(f"This deletes stack {stack} in account {account}, {region}: tables, users, logs and these buckets:")
    for bucket in held.of_type("AWS::S3::Bucket"):
        print(f"  {bucket.id}")
    if typed(f"Type the stack's name to delete it ({stack}): ") != stack:
        sys.exit("Nothing was deleted.")
    for bus in held.of_type("AWS::Events::EventBus"):
        remove_watchers(bus.id, stack)
    return delete(stack)


def typed(prompt: str) -> str | None:
    """Returns None without a person at the terminal, or for one who interrupts."""
    try:
        return input(prompt)
    except (EOFError, KeyboardInterrupt):
        print()
        return None


def delete(stack: str) -> int:
    """Deletes the stack and returns the exit code."""
    identity = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    print(f"Deleting {stack}: this takes a few minutes")
    # Firehose may still have written clicks to their bucket after it was emptied, so try once more.
    failure = failed_deletion(identity) and failed_deletion(identity)
    if failure:
        told = f"cartwheel: {stack} is not completely deleted; CloudFormation's console says why ({failure})"
        print(told, file=sys.stderr)
        return 1
    print(f"{stack} is deleted")
    return 0


def failed_deletion(stack: str) -> WaiterError | None:
    """Deletes the stack with CloudFormation's own API. `sam delete` reads every nested template first, and fails on
    addresses that are not S3's own."""
    for bucket in resources(stack).of_type("AWS::S3::Bucket"):
        boto3.resource("s3").Bucket(bucket.id).object_versions.delete()
    cloudformation = boto3.client("cloudformation")
    cloudformation.delete_stack(StackName=stack)
    try:
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack)
    except WaiterError as error:
        return error
    return None


if __name__ == "__main__":
    sys.exit(main())
