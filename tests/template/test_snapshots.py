"""What keeps a value as it was when it was made: a later deployment that changes the value must make another one.

A deployment of API Gateway is a copy of its API, a version of a function or a layer a copy of its code and settings.
CloudFormation makes a new copy only for a new logical id or a changed create-only property; where neither changes, the
copy keeps what is no longer there. So the application is expanded twice, as two `sam deploy`s would, with two sets of
ids, and whatever was copied must be copied anew.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.template.registry import create_only, values_at
from tools.deployment import Deployed, Deployment, generated_name
from tools.expand import ROOT, Template, expand_text, templates

# By type: the property that names what is copied. Those without are a copy of their own properties.
COPIES = {
    "AWS::ApiGateway::Deployment": "RestApiId",
    "AWS::Lambda::Version": "FunctionName",
    "AWS::StepFunctions::StateMachineVersion": "StateMachineArn",
    "AWS::Lambda::LayerVersion": None,
}

# Nothing calls it. That there is another one tells CloudFormation that the function, or what it brings with it, is.
SIGNS = ("Web/PublishVersion",)

type Expansion = Callable[[], dict[Path, Template]]


def project() -> dict[Path, Template]:
    """The application's templates, transformed anew: `tools.expand.expand` remembers."""
    return {path: expand_text((ROOT / path).read_text(), ROOT / path.parent) for path in templates()}


def planted(text: str) -> Expansion:
    return lambda: {Path("planted.yaml"): expand_text(text)}


def two_deployments(expansion: Expansion, monkeypatch: pytest.MonkeyPatch) -> tuple[Deployment, Deployment]:
    """The same templates a minute apart, when AWS has chosen other ids for everything, and parameters have changed."""
    first = expansion()
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)
    second = expansion()
    root = next(iter(first))
    declared = first[root].get("Parameters", {})
    texts = {name: "changed" for name, it in declared.items() if it["Type"] == "String" and it.get("Default") == ""}
    return Deployment(first, "shop", {}, ids="-1"), Deployment(second, "shop", texts, ids="-2")


def stale_copies(before: Deployment, after: Deployment) -> Iterator[str]:
    """Copies that the second deployment keeps though what they copied has changed."""
    earlier = {found.path: found for found in before.of_type(*COPIES)}
    for copy in after.of_type(*COPIES):
        old = earlier.get(copy.path)
        if old is None or _made_anew(old, copy) or copy.path.startswith(SIGNS):
            continue
        if _copied(old, before) != _copied(copy, after):
            yield f"{copy.path} still holds what {copy.properties.get(COPIES[copy.type] or '', 'it')} was"


def _made_anew(old: Deployed, new: Deployed) -> bool:
    """Whether a create-only property differs in more than the ids of what is still the same resource."""
    return any(
        without_ids(values_at(old.properties, pointer)) != without_ids(values_at(new.properties, pointer))
        for pointer in create_only(new.type)
    )


def without_ids(value: Any) -> str:
    return json.dumps(value).replace("-1", "-*").replace("-2", "-*")


def _copied(copy: Deployed, deployment: Deployment) -> Any:
    named = COPIES[copy.type]
    if named is None:
        return copy.properties
    source = copy.properties[named].split(".")[0]
    found = next(
        (it for it in deployment.resources if generated_name(it.stack, it.logical_id) + deployment.ids == source), None
    )
    assert found is not None, f"{copy.path} copies {source}, which is not there"
    return found.properties


def test_every_copy_of_the_application_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = two_deployments(project, monkeypatch)
    assert {found.type for found in before.of_type(*COPIES)} >= {"AWS::ApiGateway::Deployment"}
    assert list(stale_copies(before, after)) == []


API = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Title: {Type: String, Default: ""}
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties: {Handler: a.b, Runtime: python3.13, InlineCode: "", Role: arn:fixed, %(function)s}
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      %(api)s
      DefinitionBody:
        openapi: 3.0.1
        info: {title: %(title)s}
        paths:
          /orders: {get: {x-amazon-apigateway-integration: {uri: %(uri)s}}}
"""
ARN, FIXED = "!GetAtt Orders.Arn", "arn:fixed"


def api(*, api: str = "Tags: {}", function: str = "Timeout: 3", title: str = "shop", uri: str = FIXED) -> str:
    return API % {"api": api, "function": function, "title": title, "uri": uri}


@pytest.mark.parametrize(
    ("text", "stale"),
    [
        pytest.param(api(uri=ARN), 1, id="a function's ARN in an API that is deployed once"),
        pytest.param(api(title="!Ref Title"), 1, id="a parameter in an API that is deployed once"),
        pytest.param(api(uri=ARN, api="AlwaysDeploy: true"), 0, id="an API that is deployed always"),
        pytest.param(api(), 0, id="an API that names nothing"),
        pytest.param(
            api(function="AutoPublishAlias: live, Environment: {Variables: {TITLE: !Ref Title}}"),
            1,
            id="a parameter in a version of a function",
        ),
        pytest.param(api(function="AutoPublishAlias: live"), 0, id="a version of a function that changes not"),
    ],
)
def test_a_copy_that_would_be_stale_is_noticed(text: str, stale: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(list(stale_copies(*two_deployments(planted(text), monkeypatch)))) == stale
