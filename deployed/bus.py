"""The stack's event bus: its rules and their targets, its archive, and replays from it."""

import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from deployed.errors import CommandError, Usage
from deployed.stack import Stack

_POLL_SECONDS = 0.5
_GOES_ON = {"STARTING", "RUNNING"}


@dataclass(frozen=True)
class Target:
    id: str
    arn: str
    dead_letters: str | None = None

    @property
    def service(self) -> str:
        """`sqs`, `states`, `sns`, …"""
        return self.arn.split(":")[2]


@dataclass(frozen=True)
class Rule:
    """`path` is the logical ids from the root stack down, or the name if no template created the rule."""

    path: str
    name: str
    arn: str
    targets: tuple[Target, ...]
    pattern: str = "{}"

    @property
    def tells_people(self) -> bool:
        """Whether it leads directly to people's mailboxes, where repeated messages are not recognized."""
        return any(target.service == "sns" for target in self.targets)


def rules_of(stack: Stack) -> list[Rule]:
    """Returns the rules on the stack's bus in order of path, without those that AWS keeps there itself."""
    events, bus = stack.client("events"), stack.resources["Bus"]
    # A rule's physical id is its name, or `bus|name`.
    paths = {found.id.rpartition("|")[2]: found.path for found in stack.resources.of_type("AWS::Events::Rule")}
    rules = []
    for page in events.get_paginator("list_rules").paginate(EventBusName=bus):
        for rule in page["Rules"]:
            if rule.get("ManagedBy"):
                continue
            targets = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]
            path = paths.get(rule["Name"], rule["Name"])
            reached = tuple(_target(target) for target in targets)
            rules.append(Rule(path, rule["Name"], rule["Arn"], reached, rule.get("EventPattern", "{}")))
    return sorted(rules, key=lambda rule: rule.path)


def rules_named(rules: Sequence[Rule], wanted: Collection[str]) -> list[Rule]:
    """Returns the rules with these paths or names. Raises Usage if one does not exist."""
    known = {name: rule for rule in rules for name in (rule.path, rule.name)}
    if missing := sorted(set(wanted) - known.keys()):
        raise Usage(f"There is no rule {', '.join(missing)}. The rules are: {', '.join(rule.path for rule in rules)}.")
    return [known[name] for name in wanted]


def _target(target: dict[str, Any]) -> Target:
    return Target(target["Id"], target["Arn"], target.get("DeadLetterConfig", {}).get("Arn"))


@dataclass(frozen=True)
class Archive:
    """The archive of the bus. On AWS an event reaches it some minutes later. `events` is the number of events in it.
    AWS updates this number within a day, and cannot count events of a shorter period (User Guide, "Archiving
    events")."""

    arn: str
    bus_arn: str
    began: datetime
    events: int


def archive_of(stack: Stack) -> Archive:
    """Returns the archive. It begins when it was created, or as far back as its retention reaches."""
    found = stack.client("events").describe_archive(ArchiveName=stack.resources["Archive"])
    made: datetime = found["CreationTime"].astimezone(UTC)
    remembers = found.get("RetentionDays") or 0
    horizon = datetime.now(UTC) - timedelta(days=remembers) if remembers else made
    return Archive(found["ArchiveArn"], found["EventSourceArn"], max(made, horizon), found.get("EventCount", 0))


def replay(
    stack: Stack,
    archive: Archive,
    *,
    since: datetime,
    until: datetime,
    rules: Sequence[Rule],
    progress: Callable[[str], None] = lambda _state: None,
) -> str:
    """Sends the archived events of that period to these rules again, waits until the last one is sent, and returns the
    replay's name. If interrupted, cancels the replay. Raises CommandError if it fails."""
    events = stack.client("events")
    name = f"{stack.details.stack_name[:36]}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    events.start_replay(
        ReplayName=name,
        EventSourceArn=archive.arn,
        # Event times are whole seconds.
        EventStartTime=since.replace(microsecond=0),
        EventEndTime=until.replace(microsecond=0) + timedelta(seconds=1),
        Destination={"Arn": archive.bus_arn, "FilterArns": [rule.arn for rule in rules]},
    )
    try:
        while (found := events.describe_replay(ReplayName=name))["State"] in _GOES_ON:
            progress(f"{found['State'].lower()}{_reached(found)}")
            time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        events.cancel_replay(ReplayName=name)
        raise
    if found["State"] != "COMPLETED":
        why = found.get("StateReason", "no reason given")
        raise CommandError(f"The replay {name} ended as {found['State']}: {why}")
    return name


def _reached(found: dict[str, Any]) -> str:
    last = found.get("EventLastReplayedTime")
    return f", at {last.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}" if last else ""
