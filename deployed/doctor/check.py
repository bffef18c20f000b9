"""What one check found."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Check:
    """`said` is what was found, `todo` what to do about it, for what is not ok."""

    name: str
    state: State
    said: str
    todo: str = ""

    def document(self) -> dict[str, Any]:
        todo = {"todo": self.todo} if self.todo else {}
        return {"check": self.name, "state": self.state.value, "said": self.said, **todo}


def ok(name: str, said: str) -> Check:
    return Check(name, State.OK, said)


def warning(name: str, said: str, todo: str) -> Check:
    return Check(name, State.WARNING, said, todo)


def problem(name: str, said: str, todo: str) -> Check:
    return Check(name, State.PROBLEM, said, todo)
