"""The operators' API knows every queue where something is set aside, by the name that `./shop dlq ls` gives it, and
reaches exactly those."""

import json
from typing import Any

import pytest

from operators.places import NAMES
from tests.template.rules.queues import MAPPING, QUEUE
from tests.template.tree import STACK, Resource, Tree
from tools.expand import child

TREE = Tree.of_project()
STACKS = {stack.name: child(stack.written["TemplateURL"]) for stack in TREE.all(STACK) if stack.name in NAMES}


def given(application: str) -> list[list[str]]:
    """The logical ids in the application's output, group by group."""
    separator, groups = TREE.templates[STACKS[application]]["Outputs"]["Places"]["Value"]["Fn::Join"]
    assert separator == "|"
    return [[] if group == "" else _named(group) for group in groups]


def _named(group: Any) -> list[str]:
    separator, parts = group["Fn::Join"]
    assert separator == ","
    assert all(part["Fn::GetAtt"][1] == "Arn" for part in parts)
    return [part["Fn::GetAtt"][0] for part in parts]


def queues(application: str) -> dict[str, Resource]:
    return {queue.name: queue for queue in TREE.all(QUEUE) if queue.template == STACKS[application]}


@pytest.mark.parametrize("application", NAMES)
def test_an_application_s_output_is_in_the_order_of_the_names(application: str) -> None:
    dead_letters, _homes, failures = given(application)
    assert (tuple(dead_letters), tuple(failures)) == NAMES[application]


@pytest.mark.parametrize("application", NAMES)
def test_dead_letters_belong_to_the_queue_whose_consumer_gave_them_up(application: str) -> None:
    dead_letters, homes, _failures = given(application)
    found = queues(application)
    for letters, home in zip(dead_letters, homes, strict=True):
        assert found[home].target(found[home].written["RedrivePolicy"], QUEUE) == found[letters]


def test_every_queue_that_nobody_reads_is_a_place() -> None:
    read = {queue for mapping in TREE.all(MAPPING) for queue in mapping.targets(mapping.written.get("EventSourceArn"))}
    unread = {queue for queue in TREE.all(QUEUE) if queue not in read}
    known = {queues(application)[name] for application, names in NAMES.items() for group in names for name in group}
    assert unread == known


# What each function may do: nothing else.


def role_of(function: str) -> Resource:
    (role,) = (found for found in TREE.all("AWS::IAM::Role") if found.name == f"{function}Role" and _ours(found))
    return role


def _ours(found: Resource) -> bool:
    return str(found.template).startswith("services/operators/")


@pytest.mark.parametrize("function", ["ListBreaks", "StartBreak", "HealBreak"])
@pytest.mark.parametrize(
    ("environment", "any_rights"), [("local", True), ("sandbox", True), ("staging", False), ("prod", False)]
)
def test_outside_local_and_sandbox_nothing_can_be_broken(function: str, environment: str, any_rights: bool) -> None:
    (made,) = (found for found in TREE.all("AWS::Lambda::Function") if found.name == function and _ours(found))
    assert bool(role_of(function).properties(environment).get("Policies")) is any_rights
    assert bool(made.properties(environment)["Environment"]["Variables"]["BREAKS"]) is any_rights


@pytest.mark.parametrize(
    ("function", "action", "groups"),
    [
        ("ListDeadLetters", "sqs:GetQueueAttributes", {0, 2}),
        ("ShowDeadLetters", "sqs:ReceiveMessage", {0, 2}),
        ("Redrive", "sqs:ReceiveMessage", {0}),
        ("Redrive", "sqs:DeleteMessage", {0}),
        ("Redrive", "sqs:SendMessage", {1}),
    ],
)
def test_letters_are_taken_from_dead_letter_queues_and_sent_to_those_they_belong_to(
    function: str, action: str, groups: set[int]
) -> None:
    """An application's output has three groups: dead letters, the queues that they belong to, failures of streams."""
    role = role_of(function)
    chosen = [each.resources for each in TREE.role_statements(role) if action in each.actions]
    assert {index for resources in chosen for index in _selected(resources)} == groups


def _selected(resource: Any) -> list[int]:
    text = json.dumps(resource)
    return [int(piece[0]) for piece in text.split('"Fn::Select": [')[1:]]
