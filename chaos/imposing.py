"""Puts a plan of faults into force at the local stack, ends it, and counts what it did."""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from deployed import calls
from deployed.errors import CommandError
from deployed.faults import FILE, Plan
from deployed.stack import Stack


class Imposing:
    """The plan that is in force at a stack. It may be changed, and ends with `in_force`."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder, self.plan = folder, plan

    def impose(self, plan: Plan) -> None:
        """Replaces the plan. The server reads it at its next operation."""
        self.plan = plan
        descriptor, draft = tempfile.mkstemp(dir=self.folder, prefix="faults.", suffix=".tmp")  # mode 0600
        with os.fdopen(descriptor, "w") as out:
            out.write(plan.text())
        Path(draft).replace(self.folder / FILE)

    def calm(self) -> None:
        """Ends all faults; failed messages go on to come back soon."""
        self.impose(replace(self.plan, spells=()))

    def suffered(self) -> Counter[tuple[str, str]]:
        """Returns how many faults happened, by kind and service."""
        found = calls.read(self.folder, self.plan.begun)
        return Counter((call.error, call.service) for call in found if call.kind == "fault")


@contextmanager
def in_force(stack: Stack, plan: Plan) -> Iterator[Imposing]:
    """Imposes the plan, and removes it at the end, whatever happens. Raises CommandError if the stack is on AWS, or has
    another plan."""
    require_embedded(stack)
    imposing = Imposing(stack.file.parent, plan)
    file = imposing.folder / FILE
    if file.exists() and _active(file, plan.begun):
        raise CommandError(
            f"Faults are already in force here: another ./shop chaos or ./shop weather runs, or was killed. They end "
            f"by themselves; to end them now, remove {file}."
        )
    imposing.impose(plan)
    try:
        yield imposing
    finally:
        file.unlink(missing_ok=True)


def require_embedded(stack: Stack) -> None:
    """Raises CommandError if the stack is on AWS."""
    if not stack.is_local:
        raise CommandError(
            "Faults are injected by the embedded AWS, so this needs a shop that runs on this machine: make run. "
            "On AWS, use AWS Fault Injection Service."
        )


def _active(file: Path, now: float) -> bool:
    try:
        plan = Plan.of_text(file.read_text())
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return any(spell.until > now for spell in plan.spells)


def by_kind(suffered: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    """Returns the counts as kind → service → number, sorted."""
    kinds: dict[str, dict[str, int]] = {}
    for (kind, service), number in sorted(suffered.items()):
        kinds.setdefault(kind, {})[service] = number
    return kinds
