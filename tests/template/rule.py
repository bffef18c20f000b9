"""A rule of real accounts: a function that yields what is wrong with a resource, registered for its types."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.template.tree import Resource

type Check = Callable[[Resource], Iterator[str]]


@dataclass(frozen=True)
class Rule:
    name: str
    types: tuple[str, ...]
    check: Check


RULES: dict[str, Rule] = {}


def rule(*types: str) -> Callable[[Check], Check]:
    """Register a check for resources of these types; its docstring says what AWS does to those who break it."""

    def register(check: Check) -> Check:
        name = check.__name__
        assert check.__doc__, f"{name} must say why"
        RULES[name] = Rule(name, types, check)
        return check

    return register
