"""Every permission of a stack's roles with its reason and its use, and every call that was denied."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from deployed import calls
from deployed.permissions.grants import Grant, Paths, grants_of
from deployed.permissions.reasons import Reasons, reasons
from deployed.resources import Resource
from deployed.stack import Stack


@dataclass(frozen=True, order=True)
class Use:
    """A permission that a role's call needed. `role` and `resource` are logical paths."""

    role: str
    action: str
    resource: str
    allowed: bool

    def __str__(self) -> str:
        return f"{self.role}: {self.action} on {self.resource}"


@dataclass(frozen=True)
class Standing:
    """A permission. `why` is `call`, the name of an integration, or None if nothing needs it. `used` counts the calls
    on this shop."""

    grant: Grant
    why: str | None
    used: int

    def document(self) -> dict[str, Any]:
        return {**asdict(self.grant), "why": self.why, "used": self.used}


@dataclass(frozen=True)
class Report:
    """`recorded` tells whether calls are recorded: on the embedded AWS they are."""

    standings: tuple[Standing, ...]
    denied: tuple[tuple[Use, int], ...]
    recorded: bool

    @property
    def unused(self) -> list[Standing]:
        return [standing for standing in self.standings if standing.why is None]

    @property
    def ok(self) -> bool:
        return not self.unused and not self.denied


def uses(recorded: Iterable[calls.Call], resources: Iterable[Resource]) -> Counter[Use]:
    """Counts what the stack's roles needed for their calls."""
    known = list(resources)
    paths, roles = Paths(known), {found.id: found.path for found in known if found.type == "AWS::IAM::Role"}
    seen = Counter(
        (roles[call.by], check.action, check.resource, check.allowed)
        for call in recorded
        if call.kind == "call" and call.by in roles
        for check in call.checks
    )
    found: Counter[Use] = Counter()
    for (role, action, resource, allowed), number in seen.items():
        found[Use(role, action, paths.of(resource), allowed)] += number
    return found


def standing_of(stack: Stack) -> Report:
    """Raises CommandError, ClientError."""
    recorded = calls.read(stack.file.parent) if stack.is_local else ()
    used = uses(recorded, stack.resources.all)
    return judged(grants_of(stack), used, reasons(), recorded=stack.is_local)


def judged(grants: Iterable[Grant], used: Counter[Use], given: Reasons, *, recorded: bool = True) -> Report:
    """A call counts as denied if it was, and would be now: who removed a permission on purpose has put it back."""
    held, why = list(grants), given.why()
    standings = tuple(
        Standing(
            grant,
            why.get(grant),
            sum(
                number
                for use, number in used.items()
                if use.allowed and use.role == grant.role and grant.allows(use.action, use.resource)
            ),
        )
        for grant in held
    )
    denied = tuple(
        (use, number)
        for use, number in sorted(used.items())
        if not use.allowed
        and not any(grant.role == use.role and grant.allows(use.action, use.resource) for grant in held)
    )
    return Report(standings, denied, recorded)
