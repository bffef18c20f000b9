"""Every resource of every template, held to every rule of real accounts that concerns its type."""

import re

import pytest

from tests.template.rule import Rule
from tests.template.rules import RULES
from tests.template.tree import Resource, Tree

TREE = Tree.of_project()


def _id(rule: Rule, resource: Resource) -> str:
    # The API is deployed anew each time, under a logical id that ends in the time; workers must name a test alike.
    return re.sub(r"(ApiDeployment)[0-9a-f]{10}$", r"\1", f"{rule.name}-{resource}")


CASES = [
    pytest.param(rule, resource, id=_id(rule, resource))
    for rule in RULES.values()
    for resource in TREE.all(*rule.types)
]


@pytest.mark.parametrize(("rule", "resource"), CASES)
def test_holds(rule: Rule, resource: Resource) -> None:
    problems = list(rule.check(resource))
    assert not problems, "\n".join([f"{resource}: {rule.check.__doc__}", *(f"  - {problem}" for problem in problems)])
