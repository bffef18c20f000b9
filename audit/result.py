"""The result of one check."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class CheckResult:
    """`number` is the number of the promise. `figures` describe what was checked. `faults` are the errors, one line
    each.

    `notes` are not errors but need a person. `remedy` is the command to run next, if there is one.
    """

    number: int
    name: str
    figures: str
    faults: tuple[str, ...]
    notes: tuple[str, ...] = ()
    remedy: str | None = None

    @property
    def ok(self) -> bool:
        return not self.faults

    def document(self) -> dict[str, Any]:
        return {**asdict(self), "ok": self.ok}
