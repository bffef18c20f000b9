"""The audit in a sentence, and what to type next."""

from collections.abc import Sequence
from dataclasses import dataclass

from cli.audit.result import CheckResult
from cli.words import count

_FIRST = 5


@dataclass(frozen=True)
class Verdict:
    """`next` is a command, where there is anything to be done."""

    holds: bool
    says: str
    next: str | None = None


def verdict_on(results: Sequence[CheckResult]) -> Verdict:
    """The first of the checks that failed says what to do: workflows and queues before the others, because what has not
    arrived yet, or cannot, is missing everywhere else."""
    wrong = [result for result in results if not result.ok]
    if wrong:
        faults = count(sum(len(result.faults) for result in wrong), "fault")
        names = ", ".join(result.name for result in wrong)
        first = min(wrong, key=lambda result: result.number != _FIRST)
        return Verdict(False, f"{faults} in {len(wrong)} of {len(results)} checks: {names}.", first.remedy)
    noted = [result for result in results if result.notes]
    if noted:
        return Verdict(True, f"All holds, but a person must see to this: {noted[0].notes[0]}.", noted[0].remedy)
    return Verdict(True, "All of it holds.")
