"""The audit's result in one sentence, and what to run next."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from audit.result import CheckResult
from deployed.words import count

_QUEUES = 5
_ORDER_ID = re.compile(r"ord_\w+")


@dataclass(frozen=True)
class Verdict:
    """`next` is a command, if there is anything to do."""

    holds: bool
    text: str
    next: str | None = None


def verdict_on(results: Sequence[CheckResult]) -> Verdict:
    """Returns the verdict. The first failed check decides what to do, but workflows and queues come before the others:
    an event that has not arrived, or cannot, causes faults everywhere else."""
    wrong = [result for result in results if not result.ok]
    if wrong:
        faults = count(sum(len(result.faults) for result in wrong), "fault")
        names = ", ".join(result.name for result in wrong)
        first = min(wrong, key=lambda result: result.number != _QUEUES)
        return Verdict(False, f"{faults} in {len(wrong)} of {len(results)} checks: {names}.", _next(first))
    noted = [result for result in results if result.notes]
    if noted:
        return Verdict(True, f"All holds, but a person must see to this: {noted[0].notes[0]}.", noted[0].remedy)
    return Verdict(True, "All of it holds.")


def _next(result: CheckResult) -> str | None:
    """Returns the remedy, with the first order that the faults name."""
    order = next((found[0] for fault in result.faults if (found := _ORDER_ID.search(fault))), None)
    return result.remedy and result.remedy.replace("ORDER", order or "ORDER_ID")
