"""Finds out what is missing from the local shop, when something about it does not work."""

import socket
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from deployed.errors import CommandError, unreachable
from deployed.stack import Stack

_WHOLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
_SECONDS = 2


def fault_of(stack: Stack) -> CommandError | None:
    """Returns why no command can work with this local stack, or None if it is running and complete."""
    endpoint = stack.details.endpoint_url
    if endpoint is None:
        return None
    if not _listening(endpoint):
        return unreachable(endpoint)
    try:
        missing = _missing(_described(stack), stack)
    except (BotoCoreError, ClientError) as error:
        missing = f"does not belong to this shop ({error}). See: make run"
    return CommandError(f"The embedded AWS at {endpoint} {missing}") if missing else None


def _missing(found: dict[str, Any] | None, stack: Stack) -> str | None:
    name = stack.details.stack_name
    if found is None:
        return f"has no stack {name}: it was started empty, or its deployment was interrupted. Deploy it: make run"
    if found["StackStatus"] not in _WHOLE:
        return (
            f"has only part of the stack {name}, which is {found['StackStatus']}: its deployment is still running, "
            "was interrupted, or failed. Finish it: make run"
        )
    if _pool_of(found) != stack.details.user_pool_id:
        return (
            f"has a newer stack {name} than {stack.file} describes: its deployment was interrupted at the end. "
            "Finish it: make run"
        )
    return None


def _listening(endpoint: str) -> bool:
    url = urlsplit(endpoint)
    try:
        with socket.create_connection((url.hostname or "", url.port or 80), timeout=_SECONDS):
            return True
    except OSError:
        return False


def _described(stack: Stack) -> dict[str, Any] | None:
    patience = Config(connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"total_max_attempts": 1}, proxies={})
    cloudformation = stack.session.client(
        "cloudformation", endpoint_url=stack.details.endpoint_url, region_name=stack.details.region, config=patience
    )
    try:
        found: dict[str, Any] = dict(cloudformation.describe_stacks(StackName=stack.details.stack_name)["Stacks"][0])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    return None if found["StackStatus"] == "DELETE_COMPLETE" else found


def _pool_of(found: dict[str, Any]) -> str | None:
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    return outputs.get("UserPoolId")
