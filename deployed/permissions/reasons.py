"""Why a role has a permission: its function makes the call, or an integration of AWS needs it (`permissions.yaml`)."""

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import yaml
from pydantic import Field

from contracts.types import Value
from deployed.permissions.grants import MANAGED, Grant

FILE = Path(__file__).parent.parent / "data" / "permissions.yaml"
CALL = "call"
FUNCTION = "function"


class Integration(Value):
    """What AWS itself needs of a role. `allow` lists actions by what follows the path of the resource; `*` stands for
    every resource. `source` is where AWS documents it."""

    source: str
    allow: dict[str, tuple[str, ...]]

    def grants(self, role: str, place: str) -> list[Grant]:
        return [
            Grant(role, action, "*" if rest == "*" else place + rest)
            for rest, actions in self.allow.items()
            for action in actions
        ]


class Wildcard(Value):
    """Why grants that fit these patterns cannot be narrower."""

    action: str
    resource: str
    reason: str

    def covers(self, grant: Grant) -> bool:
        return fnmatchcase(grant.action, self.action) and grant.resource == self.resource


class Role(Value):
    """`calls` are actions by resource, `needs` are places by integration, `conditions` are by action."""

    function: bool = True
    calls: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    needs: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    conditions: dict[str, str] = Field(default_factory=dict)

    def integrations(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yields each integration with its places. Every function has logs and traces."""
        if self.function:
            yield FUNCTION, ("*",)
        yield from self.needs.items()


class Reasons(Value):
    integrations: dict[str, Integration]
    wildcards: tuple[Wildcard, ...]
    roles: dict[str, Role]

    def calls(self) -> set[Grant]:
        """Returns the permissions for calls that the functions' own code makes."""
        return {
            Grant(path, action, resource, role.conditions.get(action, ""))
            for path, role in self.roles.items()
            for resource, actions in role.calls.items()
            for action in actions
        }

    def needs(self) -> dict[Grant, str]:
        """Returns the permissions that AWS needs, with the integration's name."""
        return {
            replace(grant, condition=role.conditions.get(grant.action, "")): kind
            for path, role in self.roles.items()
            for kind, places in role.integrations()
            for place in places
            for grant in self.integrations[kind].grants(path, place)
        }

    def why(self) -> dict[Grant, str]:
        """Returns every permission that has a reason: `call`, or an integration's name."""
        return self.needs() | dict.fromkeys(self.calls(), CALL)

    def wildcard(self, grant: Grant) -> Wildcard | None:
        return next((found for found in self.wildcards if found.covers(grant)), None)


def is_wide(grant: Grant) -> bool:
    """Whether the permission is a pattern: of actions, of resources, or both."""
    return "*" in grant.action or "*" in grant.resource or grant.action.startswith(MANAGED)


@cache
def reasons() -> Reasons:
    return Reasons.model_validate(yaml.safe_load(FILE.read_text()))
