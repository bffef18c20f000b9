"""A deployed stack in CloudFormation: its outputs, and all resources in it and in its nested stacks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from botocore.exceptions import ClientError

from deployed.aws_errors import aws_error
from deployed.errors import CommandError

_NESTED = "AWS::CloudFormation::Stack"
_OUTPUTS = ("ApiUrl", "UserPoolId", "UserPoolClientId")


@dataclass(frozen=True)
class Resource:
    """`path` is the logical ids from the root stack down, for example `Order/Timeline`. `id` is the physical id.
    `since` is when the resource last changed."""

    path: str
    type: str
    id: str
    since: datetime | None = None


class Resources(Mapping[str, str]):
    """Physical ids by logical path."""

    def __init__(self, found: Mapping[str, Resource]) -> None:
        self._found = dict(found)

    @classmethod
    def of(cls, cloudformation: Any, stack_name: str) -> Self:
        """Reads the stack and its nested stacks. Raises CommandError if the stack does not exist."""
        try:
            return cls({found.path: found for found in _walk(cloudformation, stack_name, "")})
        except ClientError as error:
            raise _explained(error, stack_name) from error

    def __getitem__(self, path: str) -> str:
        try:
            return self._found[path].id
        except KeyError:
            raise CommandError(f"The stack has no {path}: is it another version of the shop?") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    @property
    def all(self) -> list[Resource]:
        return list(self._found.values())

    def of_type(self, resource_type: str) -> list[Resource]:
        return [found for found in self._found.values() if found.type == resource_type]


def outputs_of(cloudformation: Any, stack_name: str) -> dict[str, str]:
    """Returns the stack's outputs. Raises CommandError if the stack does not exist or is not a shop."""
    try:
        stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    except ClientError as error:
        raise _explained(error, stack_name) from error
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    if missing := [name for name in _OUTPUTS if name not in outputs]:
        raise CommandError(
            f"The stack {stack_name} ({stack['StackStatus']}) has no output {', '.join(missing)}: "
            "is it a deployed shop?"
        )
    return outputs


def _walk(cloudformation: Any, stack: str, prefix: str) -> Iterator[Resource]:
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
        for summary in page["StackResourceSummaries"]:
            path, physical_id = prefix + summary["LogicalResourceId"], summary.get("PhysicalResourceId")
            if not physical_id or summary["ResourceStatus"] == "DELETE_COMPLETE":
                continue
            yield Resource(path, summary["ResourceType"], physical_id, summary["LastUpdatedTimestamp"])
            if summary["ResourceType"] == _NESTED:
                yield from _walk(cloudformation, physical_id, path + "/")


def _explained(error: ClientError, stack_name: str) -> CommandError:
    details = error.response["Error"]
    if details["Code"] == "ValidationError" and "does not exist" in details.get("Message", ""):
        return CommandError(f"There is no stack {stack_name} in this account and region.")
    return aws_error(error)
