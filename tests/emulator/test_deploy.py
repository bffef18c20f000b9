"""`sam build` and `sam deploy` run when something changed, and say why when they fail."""

import json
import shutil
from pathlib import Path

import pytest

from emulator import deploy
from emulator.lifecycle import PROJECT, EmulatorError, Running

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Environment: {Type: String}
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Nested: {Type: AWS::Serverless::Application, Properties: {Location: api/template.yaml}}
Outputs:
  ApiUrl: {Value: "https://api.execute-api.us-east-1.amazonaws.com/v1"}
  UserPoolId: {Value: pool}
  UserPoolClientId: {Value: client}
"""
NESTED = "Resources: {Queue: {Type: AWS::SQS::Queue}%s}"
UNKNOWN = ", Inner: {Type: AWS::No::Such}"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(PROJECT / "samconfig.toml", tmp_path)
    for folder in ("api", ".local"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(deploy, "PROJECT", tmp_path)
    write(tmp_path)
    return tmp_path


def write(project: Path, inner: str = "") -> None:
    (project / "template.yaml").write_text(TEMPLATE)
    (project / "api" / "template.yaml").write_text(NESTED % inner)


def test_a_stack_is_deployed_kept_and_healed(project: Path, running: Running) -> None:
    home = project / ".local"
    said: list[str] = []
    stack = deploy.deploy(home, running, said.append)
    assert stack.api_url == f"http://localhost:{running.port}/restapis/api/v1/_user_request_"
    assert not any(each.startswith("Already") for each in said)

    # A person is added by the seeding step; a run with nothing new keeps them, and takes no time.
    written = json.loads((home / "stack.json").read_text())
    written["customers"] = [{"email": "a@example.com", "password": "x"}]
    (home / "stack.json").write_text(json.dumps(written))
    said.clear()
    assert deploy.deploy(home, running, said.append).customers == written["customers"]
    assert said == ["Already built: nothing changed", "Already deployed: nothing changed"]

    # What fails is named, wherever it is nested, and does not stand in the way of what is right again.
    write(project, inner=UNKNOWN)
    with pytest.raises(EmulatorError, match=r"Inner \(AWS::No::Such, in .*Unsupported"):
        deploy.deploy(home, running, said.append)
    assert not deploy.stuck(running)


def test_people_stay_as_long_as_their_pool(project: Path, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    home = project / ".local"
    people = [{"email": "a@example.com", "password": "x"}]
    (home / "stack.json").write_text(json.dumps({"user_pool_id": "pool", "customers": people}))
    outputs = {"ApiUrl": "https://api.execute-api.us-east-1.amazonaws.com/v1", "UserPoolClientId": "client"}
    for pool, kept in (("pool", people), ("another", [])):
        outputs["UserPoolId"] = pool
        monkeypatch.setattr(deploy, "_outputs", lambda _running: outputs)
        assert deploy._write_stack(home, running).customers == kept


def test_a_broken_template_is_said_so(project: Path, running: Running) -> None:
    (project / "template.yaml").write_text("Resources: [")
    with pytest.raises(EmulatorError, match=r"sam build failed[\s\S]*Error: .*parse"):
        deploy.build(project / ".local", running, lambda _text: None)


def test_missing_tools_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert deploy.missing_tools() == []
    monkeypatch.setattr(deploy, "_path", lambda: "/nowhere")
    assert [line.split(":")[0] for line in deploy.missing_tools()] == ["sam", "make", "python3.13"]


def test_parameters_are_those_of_the_template(project: Path) -> None:
    assert deploy.parameters_in("") == {}
    assert deploy.parameters_in("Environment=local") == {"Environment": "local"}
    for wrong in ("Nowhere=1", "Environment", "Environment='local"):
        with pytest.raises(EmulatorError, match="PARAMETERS"):
            deploy.parameters_in(wrong)
