"""What is said when a shop is not there, or only in part: the same by every command, and of AWS what is wrong there."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, NoCredentialsError

from cli import session
from cli.app import main
from deployed import stack as context
from deployed import standing
from deployed.errors import CommandError
from deployed.stack import Stack
from tests.support.front_door import DETAILS, Door, Result

WHOLE = {
    "StackStatus": "CREATE_COMPLETE",
    "Outputs": [{"OutputKey": "UserPoolId", "OutputValue": DETAILS["user_pool_id"]}],
}
COMMANDS = (["url"], ["orders"], ["products"], ["login"], ["audit", "--wait", "0"], ["dlq", "ls"])


@pytest.fixture
def type_(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command line, with a stack at which nothing works."""

    def broken(*_: object, **__: object) -> Any:
        raise CommandError("The stack has no Order/Orders: is it another version of the shop?")

    monkeypatch.setattr(session, "sign_in", broken)
    monkeypatch.setattr("deployed.users.sign_in", broken)
    monkeypatch.setattr(Stack, "client", broken)

    def run(*line: str) -> Result:
        code = main(["--home", str(home), *line])
        said = capsys.readouterr()
        return Result(code, said.out, said.err)

    return run


@pytest.mark.parametrize(
    ("listening", "found", "says"),
    [
        (False, None, "is stopped; start it: make run"),
        (True, None, "has no stack cartwheel"),
        (True, {"StackStatus": "CREATE_IN_PROGRESS"}, "is CREATE_IN_PROGRESS"),
        (True, {"StackStatus": "ROLLBACK_COMPLETE"}, "Finish it: make run"),
        (True, WHOLE | {"Outputs": []}, "a newer stack cartwheel than"),
    ],
)
def test_every_command_says_the_same_of_a_shop_that_is_not_whole(
    type_: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    listening: bool,
    found: dict[str, Any] | None,
    says: str,
) -> None:
    monkeypatch.setattr(standing, "_listening", lambda _endpoint: listening)
    monkeypatch.setattr(standing, "_described", lambda _stack: found)
    said = [type_(*line) for line in COMMANDS if line != ["products"]]
    assert {one.code for one in said} == {1}
    (line,) = {one.err for one in said}
    assert says in line
    assert "make run" in line


def test_of_a_whole_shop_the_error_itself_is_told(
    type_: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, door: Door
) -> None:
    monkeypatch.setattr(standing, "_listening", lambda _endpoint: True)
    monkeypatch.setattr(standing, "_described", lambda _stack: WHOLE)
    assert type_("url").code == 0
    assert "no Order/Orders" in type_("audit").err
    assert "no such page" in type_("products").err
    del door


def test_a_first_deployment_that_was_interrupted_is_called_that(home: Path, type_: Callable[..., Result]) -> None:
    (home / "stack.json").unlink()
    assert "none was started" in type_("url").err
    (home / "emulator.json").write_text("{}")
    assert {type_(*line).err for line in COMMANDS} == {type_("url").err}
    assert "has not finished" in type_("url").err


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "so it is"}}, "DescribeStacks")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (EndpointConnectionError(endpoint_url="https://cloudformation.eu-west-1.amazonaws.com"), "Is there a network"),
        (ConnectTimeoutError(endpoint_url="https://cloudformation.eu-west-1.amazonaws.com"), "Is there a network"),
        (refusal("InvalidClientTokenId"), "rejected these credentials"),
        (refusal("ExpiredToken"), "rejected these credentials"),
        (refusal("SignatureDoesNotMatch"), "rejected these credentials"),
        (NoCredentialsError(), "No AWS credentials"),
    ],
)
def test_what_is_wrong_on_aws_is_named(
    type_: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    def refuse(*_: object) -> dict[str, str]:
        raise error

    monkeypatch.setattr(context, "outputs_of", refuse)
    for line in COMMANDS:
        said = type_("--stack", "cartwheel", "--region", "eu-west-1", *line)
        assert (said.code, says in said.err, "make run" in said.err) == (1, True, False)


def test_a_network_that_swallows_everything_is_given_up(
    type_: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    forever = threading.Event()
    monkeypatch.setattr(context, "_FIRST_CALL_SECONDS", 0.01)
    monkeypatch.setattr(context, "outputs_of", lambda *_: forever.wait())
    assert "AWS does not respond" in type_("--stack", "cartwheel", "--region", "eu-west-1", "url").err
    forever.set()


def test_without_a_region_or_a_profile_that_is_named(
    type_: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    assert "No AWS region is set" in type_("--stack", "cartwheel", "url").err
    assert "nobody" in type_("--profile", "nobody", "url").err


def test_people_known_for_aws_are_read_with_the_same_care(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = {"ApiUrl": "https://api.example/v1/", "UserPoolId": "pool", "UserPoolClientId": "client"}
    monkeypatch.setattr(context, "outputs_of", lambda *_: outputs)
    (home / "users").mkdir()
    for text in ("", "null", json.dumps({"customers": "all"})):
        (home / "users" / "pool.json").write_text(text)
        with pytest.raises(CommandError, match="damaged"):
            Stack.on_aws(home, name="cartwheel", profile=None, region="eu-west-1")
