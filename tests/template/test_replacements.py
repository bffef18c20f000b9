"""What changing a parameter of the application replaces or removes, against the page that says so.

A create-only property that a parameter reaches makes CloudFormation replace the resource, with what is in it, and a
condition makes it remove one. Neither asks. Whoever changes a parameter can read it in docs/parameters.md before.
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.template.registry import create_only, values_at
from tools.deployment import STACK, Deployed, Deployment
from tools.expand import ROOT, Template, child, expand, expand_text, templates

PAGE = ROOT / "docs" / "parameters.md"
# What holds something that is lost with it, or is known to somebody by its name or key.
HOLDS_DATA = {
    "AWS::ApiGateway::RestApi",
    "AWS::CloudFront::Distribution",
    "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolClient",
    "AWS::DynamoDB::Table",
    "AWS::Events::Archive",
    "AWS::Events::EventBus",
    "AWS::Kinesis::Stream",
    "AWS::Logs::LogGroup",
    "AWS::MSK::ServerlessCluster",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
    "AWS::StepFunctions::StateMachine",
}
_TEXTS = ["", "one.example.com:9092", "two.example.com:9092"]

type Change = tuple[str, str, str]
"""A parameter, `replaced` or `removed`, and the resource's path."""


def choices(root: Template, children: Mapping[Path, Template]) -> dict[str, list[str]]:
    """Values of each parameter of the root: those that it allows, or that what it is passed to allows; else two texts
    besides its default."""
    return {name: _values(name, it, root, children) for name, it in root["Parameters"].items()}


def _values(name: str, declared: Mapping[str, Any], root: Template, children: Mapping[Path, Template]) -> list[str]:
    default = str(declared.get("Default", ""))
    allowed = declared.get("AllowedValues") or [
        value
        for stack in root["Resources"].values()
        if stack["Type"] == STACK
        for passed, given in stack["Properties"].get("Parameters", {}).items()
        if given == {"Ref": name}
        for value in children[child(stack["Properties"]["TemplateURL"])]["Parameters"][passed].get("AllowedValues", ())
    ]
    if allowed:
        return list(dict.fromkeys([default, *map(str, allowed)]))
    if declared["Type"] == "Number":
        return [default, str(int(default) + 1), str(int(default) + 2)]
    return [",", "a,b", "c,d"] if default == "," else list(dict.fromkeys([default, *_TEXTS]))


def changes(expanded: Mapping[Path, Template]) -> Iterator[Change]:
    """What each parameter's change does, whatever is chosen of those that choose between variants."""
    root = next(iter(expanded.values()))
    values = choices(root, expanded)
    # Each variant with all else at its default, and with all else given.
    given = {name: of[1] for name, of in values.items()}
    variants = [{name: value} for name, of in values.items() if not {*_TEXTS[1:], "c,d"} & set(of) for value in of]
    bases = [rest | variant for variant in ({}, *variants) for rest in ({}, given)]
    for name, of in values.items():
        others = {tuple(sorted(base.items() - {(name, base.get(name))})) for base in bases}
        for base in others:
            seen = [Deployment(expanded, "shop", dict(base) | {name: value}) for value in of]
            for before, after in permutations(seen, 2):
                yield from ((name, *change) for change in _between(before, after))


def _between(before: Deployment, after: Deployment) -> Iterator[tuple[str, str]]:
    kept = {found.path: found for found in after.resources}
    for old in before.resources:
        new = kept.get(old.path)
        if new is None and old.type in HOLDS_DATA:
            yield "removed", old.path
        elif new is not None and replaced(old, new):
            yield "replaced", old.path


def replaced(old: Deployed, new: Deployed) -> bool:
    return old.properties != new.properties and any(
        values_at(old.properties, at) != values_at(new.properties, at) for at in create_only(new.type)
    )


def keeps_its_name(old: Deployed, new: Deployed) -> bool:
    """Whether CloudFormation would refuse to replace it: a name that the template gives cannot be had twice."""
    return replaced(old, new) and new.written_name is not None and old.written_name == new.written_name


def documented() -> set[Change]:
    """The page's table: parameter, what happens to which resources, what that means."""
    rows = re.findall(r"^\| `(\w+)` \| (replaced|removed): (.+?) \|", PAGE.read_text(), re.MULTILINE)
    return {(name, how, path) for name, how, paths in rows for path in re.findall(r"`([\w/]+)`", paths)}


def project() -> dict[Path, Template]:
    return {path: expand(path) for path in templates()}


def test_the_page_says_what_changing_a_parameter_replaces_or_removes() -> None:
    assert set(changes(project())) == documented()


def test_every_parameter_is_varied() -> None:
    expanded = project()
    values = choices(next(iter(expanded.values())), expanded)
    assert all(len(of) > 1 for of in values.values())
    assert values["ClickstreamMode"] == ["PROVISIONED", "ON_DEMAND", "OFF"]
    assert {"none", "existing", "msk-serverless"} <= set(values["Kafka"])


PLANTED: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "a key of a table": (
        {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {"KeySchema": [{"AttributeName": {"Ref": "Word"}, "KeyType": "HASH"}]},
        },
        [("replaced", "It")],
    ),
    "a name within a text": (
        {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": {"Fn::Sub": "clicks-${Word}"}}},
        [("replaced", "It")],
    ),
    "a condition": ({"Type": "AWS::S3::Bucket", "Condition": "HasWord"}, [("removed", "It")]),
    "what can be changed": (
        {"Type": "AWS::SQS::Queue", "Properties": {"Tags": [{"Key": "word", "Value": {"Ref": "Word"}}]}},
        [],
    ),
}


@pytest.mark.parametrize("plant", PLANTED)
def test_what_a_parameter_reaches_is_found(plant: str) -> None:
    resource, expected = PLANTED[plant]
    text = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {"Word": {"Type": "String", "Default": ""}, "Other": {"Type": "String", "AllowedValues": ["a"]}},
        "Conditions": {"HasWord": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Word"}, ""]}]}},
        "Resources": {"It": resource},
    }
    expanded = {Path("planted.yaml"): expand_text(json.dumps(text))}
    assert sorted(set(changes(expanded))) == [("Word", *change) for change in expected]


def test_nothing_that_is_replaced_keeps_a_name_of_ours() -> None:
    """CloudFormation makes the new one first, and cannot while the old one has the name."""
    machine = {"StateMachineName": "shop", "StateMachineType": "STANDARD"}
    old, new = (
        Deployed(
            Path("planted.yaml"), "It", "shop", "AWS::StepFunctions::StateMachine", machine | {"StateMachineType": of}
        )
        for of in ("STANDARD", "EXPRESS")
    )
    assert keeps_its_name(old, new)
    expanded = project()
    values = choices(next(iter(expanded.values())), expanded)
    for name, of in values.items():
        seen = [{it.path: it for it in Deployment(expanded, "shop", {name: value}).resources} for value in of]
        for before, after in permutations(seen, 2):
            assert [path for path, it in before.items() if path in after and keeps_its_name(it, after[path])] == []
