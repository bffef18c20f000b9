"""Which shop a command talks to, and what CloudFormation says is in it."""

import errno
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from deployed.errors import CommandError
from deployed.resources import Resources, outputs_of
from deployed.stack import Stack, User

OUTPUTS = {"ApiUrl": "https://api.example/v1/", "UserPoolId": "us-east-1_pool", "UserPoolClientId": "client"}


@pytest.fixture
def cloudformation() -> Iterator[Stubber]:
    with Stubber(boto3.client("cloudformation")) as stub:
        yield stub


def resource(logical_id: str, type_: str, physical_id: str | None, status: str = "CREATE_COMPLETE") -> dict[str, Any]:
    found = {
        "LogicalResourceId": logical_id,
        "ResourceType": type_,
        "ResourceStatus": status,
        "LastUpdatedTimestamp": "2026-01-01T00:00:00Z",
    }
    return found | ({"PhysicalResourceId": physical_id} if physical_id else {})


def test_resources_are_found_by_their_path_through_nested_stacks_and_pages(cloudformation: Stubber) -> None:
    table, queue, nested = "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::CloudFormation::Stack"
    cloudformation.add_response(
        "list_stack_resources",
        {"StackResourceSummaries": [resource("Order", nested, "arn:order")], "NextToken": "next"},
        {"StackName": "cartwheel"},
    )
    cloudformation.add_response(
        "list_stack_resources",
        {"StackResourceSummaries": [resource("Timeline", table, "order-timeline")]},
        {"StackName": "arn:order"},
    )
    cloudformation.add_response(
        "list_stack_resources",
        {
            "StackResourceSummaries": [
                resource("Queue", queue, "https://queue"),
                resource("Old", queue, "https://old", status="DELETE_COMPLETE"),
                resource("Coming", queue, None, status="CREATE_IN_PROGRESS"),
            ]
        },
        {"StackName": "cartwheel", "NextToken": "next"},
    )
    found = Resources.of(cloudformation.client, "cartwheel")
    assert dict(found) == {"Order": "arn:order", "Order/Timeline": "order-timeline", "Queue": "https://queue"}
    assert [one.path for one in found.of_type(queue)] == ["Queue"]


def test_a_resource_that_is_not_there_is_named(cloudformation: Stubber) -> None:
    with pytest.raises(CommandError, match="no Order/Timeline"):
        Resources({})["Order/Timeline"]
    del cloudformation


def test_a_stack_that_is_not_there_is_one_sentence(cloudformation: Stubber) -> None:
    cloudformation.add_client_error("list_stack_resources", "ValidationError", "Stack with id x does not exist")
    with pytest.raises(CommandError, match="no stack x"):
        Resources.of(cloudformation.client, "x")


def test_a_stack_that_is_no_shop_is_refused(cloudformation: Stubber) -> None:
    stack = {"StackName": "x", "CreationTime": "2026-01-01T00:00:00Z", "StackStatus": "CREATE_COMPLETE"}
    cloudformation.add_response("describe_stacks", {"Stacks": [stack]})
    with pytest.raises(CommandError, match="no output ApiUrl"):
        outputs_of(cloudformation.client, "x")


def test_the_local_stack_is_reached_with_its_own_credentials_whatever_the_user_has(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://elsewhere.example")
    stack = Stack.local(home)
    credentials = stack.session.get_credentials()
    assert credentials is not None
    assert (credentials.access_key, credentials.secret_key, credentials.token) == ("AKIALOCAL", "local", None)
    client = stack.client("dynamodb")
    assert client.meta.endpoint_url == "http://localhost:4566"
    assert client.meta.region_name == "us-east-1"


@pytest.fixture
def on_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployed.stack.outputs_of", lambda _client, _name: OUTPUTS)


@pytest.mark.usefixtures("on_aws")
def test_a_stack_on_aws_is_described_by_its_outputs(home: Path) -> None:
    stack = Stack.on_aws(home, name="cartwheel", profile=None, region="eu-west-1")
    assert stack.details.api_url == "https://api.example/v1"
    assert stack.details.region == "eu-west-1"
    assert not stack.is_local
    assert stack.details.customers == ()


@pytest.mark.usefixtures("on_aws")
def test_users_made_on_aws_are_known_to_later_commands_and_to_nobody_else(home: Path) -> None:
    stack = Stack.on_aws(home, name="cartwheel", profile=None, region="eu-west-1")
    stack.with_user(User(email="a@example.com", password="A"), operator=True)
    again = Stack.on_aws(home, name="cartwheel", profile=None, region="eu-west-1")
    assert again.user("a@example.com") == User(email="a@example.com", password="A")
    assert again.file.stat().st_mode & 0o077 == 0
    assert set(json.loads(again.file.read_text())) == {"customers", "operators"}


def test_a_new_user_joins_the_local_stack_file_and_a_known_one_is_replaced(home: Path) -> None:
    stack = Stack.local(home).with_user(User(email="b@example.com", password="B"), operator=False)
    stack.with_user(User(email="b@example.com", password="B2"), operator=False)
    customers = Stack.local(home).details.customers
    assert [(user.email, user.password) for user in customers] == [
        ("customer-1@example.com", "Customer-1"),
        ("b@example.com", "B2"),
    ]
    assert Stack.local(home).details.api_url == stack.details.api_url


def test_users_added_at_once_are_all_remembered(home: Path) -> None:
    stacks = [Stack.local(home) for _ in range(8)]  # each has read the file before any has written it
    with ThreadPoolExecutor(8) as pool:
        for number, stack in enumerate(stacks):
            pool.submit(stack.with_user, User(email=f"{number}@example.com", password="P"), operator=False)
    known = {user.email for user in Stack.local(home).details.customers}
    assert known == {"customer-1@example.com", *(f"{number}@example.com" for number in range(8))}
    assert {file.name for file in home.iterdir()} == {"stack.json", "stack.lock"}


def test_an_address_is_the_same_in_another_case(home: Path) -> None:
    stack = Stack.local(home).with_user(User(email="CUSTOMER-1@Example.com", password="New"), operator=False)
    assert [user.password for user in stack.details.customers] == ["New"]
    assert stack.user("customer-1@EXAMPLE.com") == User(email="CUSTOMER-1@Example.com", password="New")


def test_a_full_disk_leaves_the_file_as_it_was(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (home / "stack.json").read_text()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("deployed.stack.os.fsync", full)
    with pytest.raises(CommandError, match="No space left"):
        Stack.local(home).with_user(User(email="b@example.com", password="B"), operator=False)
    assert (home / "stack.json").read_text() == before
    assert {file.name for file in home.iterdir()} == {"stack.json", "stack.lock"}
