"""The result of one check."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Check:
    """`finding` is what was found. `todo` is what to do about it, if it is not ok."""

    name: str
    state: State
    finding: str
    todo: str = ""

    def document(self) -> dict[str, Any]:
        todo = {"todo": self.todo} if self.todo else {}
        return {"check": self.name, "state": self.state.value, "said": self.finding, **todo}


def ok(name: str, finding: str) -> Check:
    return Check(name, State.OK, finding)


def warning(name: str, finding: str, todo: str) -> Check:
    return Check(name, State.WARNING, finding, todo)


def problem(name: str, finding: str, todo: str) -> Check:
    return Check(name, State.PROBLEM, finding, todo)
