"""Filling a fresh shop, and the people in it, on a user pool of moto's."""

import errno
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import httpx2
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cli import session
from deployed import users
from deployed.seeding import CUSTOMERS, OPERATORS, address, catalogue
from deployed.stack import Details, Stack
from tests.support.front_door import DETAILS, Door, Result

type Run = Callable[..., Result]


@pytest.fixture
def pool(home: Path) -> Iterator[str]:
    """A user pool, and a stack file that points to it and knows nobody."""
    with mock_aws():
        cognito = boto3.client("cognito-idp")
        pool_id = cognito.create_user_pool(PoolName="shop", UsernameAttributes=["email"])["UserPool"]["Id"]
        client_id = cognito.create_user_pool_client(
            UserPoolId=pool_id, ClientName="shop", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
        )["UserPoolClient"]["ClientId"]
        cognito.create_group(GroupName="operators", UserPoolId=pool_id)
        stack = {
            **DETAILS,
            "endpoint_url": "https://cognito-idp.us-east-1.amazonaws.com",
            "user_pool_id": pool_id,
            "user_pool_client_id": client_id,
            "customers": [],
            "operators": [],
        }
        (home / "stack.json").write_text(json.dumps(stack))
        yield pool_id


@pytest.fixture
def inventory(door: Door, monkeypatch: pytest.MonkeyPatch) -> Door:
    for entry in catalogue():
        door.answers[f"PUT /products/{entry.sku}"] = httpx2.Response(200, json={})
        door.answers[f"POST /products/{entry.sku}/restock"] = httpx2.Response(200, json={})
    monkeypatch.setattr("deployed.seeding._await_replica", lambda _stack, _skus: None)
    monkeypatch.setattr(session, "sign_in", users.sign_in)
    return door


@pytest.mark.usefixtures("pool")
def test_seeding_makes_people_who_can_sign_in_and_products_with_stock(run: Run, home: Path, inventory: Door) -> None:
    said = run("seed", "--json")
    assert said.code == 0
    assert said.json["products"] == len(catalogue())
    stack = Stack.local(home)
    assert [user.email for user in stack.details.customers] == ["customer-1@example.com", "customer-2@example.com"]
    for who in (*CUSTOMERS, *OPERATORS):
        assert users.sign_in(stack, address(stack, who)).count(".") == 2
    restocked = {
        request.url.path: json.loads(request.content) for request in inventory.requests if request.method == "POST"
    }
    assert restocked["/api/products/MUG-STONE-350/restock"] == {"quantity": 240}


@pytest.mark.usefixtures("pool")
def test_seeding_again_repeats_every_idempotency_key_and_makes_nobody_new(run: Run, inventory: Door) -> None:
    first = run("seed", "--json").json
    keys = sorted(request.headers.get("Idempotency-Key", "") for request in inventory.requests)
    inventory.requests.clear()
    assert run("seed", "--json").json == first
    assert sorted(request.headers.get("Idempotency-Key", "") for request in inventory.requests) == keys
    assert len(set(keys)) == len(catalogue()) + 1  # PUT has none and needs none


def test_seeding_brings_back_people_whom_a_new_pool_has_lost(run: Run, home: Path, pool: str, inventory: Door) -> None:
    run("seed")
    cognito = boto3.client("cognito-idp")
    cognito.admin_delete_user(UserPoolId=pool, Username="customer-1@example.com")
    assert run("seed").code == 0
    assert users.sign_in(Stack.local(home), "customer-1@example.com")
    del inventory


def test_on_aws_no_mail_to_the_seeded_people_bounces(tmp_path: Path) -> None:
    """A domain of examples takes no mail; SES's mailbox simulator takes all."""
    details = Details.model_validate({**DETAILS, "endpoint_url": None})
    on_aws = Stack(details, tmp_path / "users.json", boto3.Session())
    for who in (*CUSTOMERS, *OPERATORS):
        assert address(on_aws, who) == f"success+{who}@simulator.amazonses.com"


@pytest.mark.usefixtures("inventory")
def test_an_operator_is_one_in_the_token_too(run: Run, home: Path, pool: str) -> None:
    assert run("user", "add", "boss@example.com", "--operator").code == 0
    groups = boto3.client("cognito-idp").admin_list_groups_for_user(UserPoolId=pool, Username="boss@example.com")
    assert [group["GroupName"] for group in groups["Groups"]] == ["operators"]
    assert Stack.local(home).user("boss@example.com")


@pytest.mark.usefixtures("pool", "inventory")
def test_a_user_can_be_added_once(run: Run) -> None:
    assert run("user", "add", "one@example.com", "--password", "Own-passw0rd").code == 0
    again = run("user", "add", "one@example.com")
    assert again.code == 1
    assert again.err == "✗ one@example.com exists already.\n"


@pytest.mark.usefixtures("inventory")
def test_whoever_exists_already_does_not_become_an_operator_on_the_way(run: Run, pool: str) -> None:
    run("user", "add", "one@example.com")
    assert run("user", "add", "one@example.com", "--operator").code == 1
    groups = boto3.client("cognito-idp").admin_list_groups_for_user(UserPoolId=pool, Username="one@example.com")
    assert groups["Groups"] == []


@pytest.mark.usefixtures("inventory")
def test_a_password_that_the_pool_refuses_leaves_nobody_behind(run: Run, pool: str) -> None:
    refused = run("user", "add", "one@example.com", "--password", "short")
    assert (refused.code, "password" in refused.err.lower()) == (1, True)
    assert boto3.client("cognito-idp").list_users(UserPoolId=pool)["Users"] == []
    assert run("user", "add", "one@example.com", "--password", "Own-passw0rd").code == 0


@pytest.mark.usefixtures("pool", "inventory")
def test_login_prints_the_token_and_nothing_else(run: Run) -> None:
    run("user", "add", "one@example.com")
    said = run("login", "--as", "one@example.com")
    assert said.code == 0
    assert said.out.strip().count(".") == 2
    assert said.out.count("\n") == 1
    assert run("login", "--json").json["email"] == "one@example.com"


@pytest.mark.usefixtures("pool", "inventory")
def test_a_wrong_password_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("user", "add", "one@example.com", "--password", "Own-passw0rd")
    monkeypatch.setattr("deployed.users.known_password", lambda _stack, _email: "Wrong-passw0rd")
    said = run("login", "--as", "one@example.com")
    assert said.code == 1
    assert said.err.startswith("✗ one@example.com could not sign in")
    assert said.err.count("\n") == 1


@pytest.mark.usefixtures("pool", "inventory")
def test_an_unknown_password_can_come_from_the_environment_but_is_not_guessed(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("user", "add", "one@example.com", "--password", "Own-passw0rd")
    stack = json.loads((home / "stack.json").read_text())
    (home / "stack.json").write_text(json.dumps(stack | {"customers": []}))
    assert "CARTWHEEL_PASSWORD" in run("login", "--as", "one@example.com").err
    monkeypatch.setenv("CARTWHEEL_PASSWORD", "Own-passw0rd")
    assert run("login", "--as", "one@example.com").code == 0


def test_without_anybody_known_a_command_says_how_to_get_somebody(run: Run, home: Path) -> None:
    (home / "stack.json").write_text(json.dumps({**DETAILS, "customers": [], "operators": []}))
    said = run("orders")
    assert said.code == 1
    assert "shop seed" in said.err


def refuse_to_write(*_: object) -> None:
    raise OSError(errno.EROFS, "Read-only file system")


@pytest.mark.usefixtures("inventory")
def test_whoever_cannot_be_remembered_is_not_left_without_a_password(
    run: Run, pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployed.stack._write_privately", refuse_to_write)
    refused = run("user", "add", "one@example.com")
    assert (refused.code, "Read-only" in refused.err) == (1, True)
    assert boto3.client("cognito-idp").list_users(UserPoolId=pool)["Users"] == []


@pytest.mark.usefixtures("pool", "inventory")
def test_whoever_cannot_be_taken_back_has_a_password_that_is_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def unable(*_: object) -> None:
        raise ClientError({"Error": {"Code": "TooManyRequestsException"}}, "AdminDeleteUser")

    monkeypatch.setattr("deployed.stack._write_privately", refuse_to_write)
    monkeypatch.setattr("deployed.users.remove", unable)
    assert "Own-passw0rd" in run("user", "add", "one@example.com", "--password", "Own-passw0rd").err


@pytest.mark.usefixtures("pool", "inventory")
def test_somebody_in_another_case_is_the_same(run: Run) -> None:
    run("user", "add", "one@example.com", "--password", "Own-passw0rd")
    assert "exists already" in run("user", "add", "ONE@example.com").err
    assert run("login", "--as", "One@Example.com").code == 0
