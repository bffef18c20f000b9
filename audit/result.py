"""What one check found."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class CheckResult:
    """`number` is the invariant's; `figures` say what was looked at, `faults` what is wrong, one line each.

    `notes` say what is no fault and still needs a person. `remedy` is what to type about either, where there is any.
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
