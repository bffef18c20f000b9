"""What one check found."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class CheckResult:
    """`number` is the invariant's; `figures` say what was looked at, `faults` what is wrong, one line each."""

    number: int
    name: str
    figures: str
    faults: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.faults

    def document(self) -> dict[str, Any]:
        return {**asdict(self), "ok": self.ok}
