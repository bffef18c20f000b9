"""The permissions that the roles of a deployed stack have, read from IAM.

Resources have their logical paths (`Order/Orders/index/by_need`), so that stacks and templates can be compared.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from deployed.errors import CommandError
from deployed.resources import Resource
from deployed.stack import Stack

ROLE = "AWS::IAM::Role"
MANAGED = "policy:"
# The only resource outside the stack that a role may use is the one whose ARN is this parameter's value.
OUTSIDE = "KafkaSecretArn"
_STACK = "AWS::CloudFormation::Stack"
# What CloudFormation's types call a service, and what ARNs call it.
_SERVICES = {"cognito": "cognito-idp", "stepfunctions": "states", "msk": "kafka"}
_AT_ONCE = 8


@dataclass(frozen=True, order=True)
class Grant:
    """`role` and `resource` are logical paths. `action` is `policy:NAME` for a managed policy of AWS. `condition` is
    its operators and keys, or empty."""

    role: str
    action: str
    resource: str
    condition: str = ""

    def allows(self, action: str, resource: str) -> bool:
        return fnmatchcase(action.lower(), self.action.lower()) and fnmatchcase(resource, self.resource)

    def __str__(self) -> str:
        return f"{self.role}: {self.action} on {self.resource}" + (f" if {self.condition}" if self.condition else "")


class Paths:
    """Finds the logical path of a resource by its ARN."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._known, self._stacks = dict[tuple[str, str], str](), dict[str, str]()
        for found in resources:
            service = found.type.split("::")[1].lower()
            name = re.split("[:/]", found.id)[-1]
            self._known[_SERVICES.get(service, service), _without_suffix(service, name)] = found.path
            if found.type == _STACK:  # arn:…:stack/NAME/ID
                self._stacks[found.id.split("/")[1]] = found.path

    def of(self, arn: str) -> str:
        """Returns a path, with what follows it in the ARN. The date of a DynamoDB stream is left out."""
        if not arn.startswith("arn:"):
            return arn
        _arn, _partition, service, _region, _account, resource = arn.split(":", 5)
        parts = re.split("([:/])", resource)
        for position, part in reversed(list(enumerate(parts))):
            if path := self._known.get((service, _without_suffix(service, part))):
                rest = "".join(self._stacks.get(name, name) for name in parts[position + 1 :])
                return path + re.sub(r"^/stream/.*", "/stream", rest)
        return OUTSIDE if service == "secretsmanager" else f"{service}:{resource}"


def _without_suffix(service: str, name: str) -> str:
    """Secrets Manager ends an ARN with six characters that are not part of the secret's name."""
    return re.sub(r"-\w{6}$", "", name) if service == "secretsmanager" else name


def grants_of(stack: Stack) -> tuple[Grant, ...]:
    """Returns what the stack's roles may do, sorted. Raises ClientError."""
    iam, paths = stack.client("iam"), Paths(stack.resources.all)

    def of_role(role: Resource) -> list[Grant]:
        documents = [
            iam.get_role_policy(RoleName=role.id, PolicyName=policy)["PolicyDocument"]
            for page in iam.get_paginator("list_role_policies").paginate(RoleName=role.id)
            for policy in page["PolicyNames"]
        ]
        managed = [
            policy["PolicyArn"]
            for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role.id)
            for policy in page["AttachedPolicies"]
        ]
        return [*in_documents(role.path, documents, paths.of), *in_managed(role.path, managed)]

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return tuple(sorted({grant for found in pool.map(of_role, stack.resources.of_type(ROLE)) for grant in found}))


def in_documents(role: str, documents: Iterable[Any], path_of: Callable[[str], str]) -> Iterator[Grant]:
    """Yields what the policy documents allow. A statement that denies is left out, because it can only allow less.
    Raises CommandError at NotAction and NotResource."""
    for document in documents:
        for statement in _listed(document["Statement"]):
            if statement["Effect"] == "Deny":
                continue
            if "Action" not in statement or "Resource" not in statement:
                raise CommandError(
                    f"{role} has a statement that does not list what is allowed: {json.dumps(statement)}"
                )
            condition = ", ".join(
                f"{operator} {key}" for operator, keys in statement.get("Condition", {}).items() for key in keys
            )
            for action in _listed(statement["Action"]):
                for resource in _listed(statement["Resource"]):
                    yield Grant(role, action, path_of(resource), condition)


def in_managed(role: str, arns: Iterable[str]) -> Iterator[Grant]:
    yield from (Grant(role, MANAGED + arn.rpartition("/")[2], "*") for arn in arns)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def by_role(grants: Iterable[Grant]) -> Mapping[str, list[Grant]]:
    found: dict[str, list[Grant]] = {}
    for grant in grants:
        found.setdefault(grant.role, []).append(grant)
    return found
