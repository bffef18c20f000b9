"""A REST API takes ID tokens, and tells a function what they say as on AWS."""

import httpx2
import pytest

from tests.emulator.account import Account
from tests.emulator.test_rest_api import document

CLAIMS = """
import json
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event["requestContext"]["authorizer"]["claims"])}
"""


@pytest.fixture(scope="module")
def signed_in(account: Account) -> tuple[str, dict[str, str]]:
    """The URL of an API, and what a user of its pool got when they signed in."""
    function, cognito = account.function(CLAIMS), account.client("cognito-idp")
    account.open_to_apis(function)
    described = document(account, function)
    scheme = described["components"]["securitySchemes"]["cognito"]["x-amazon-apigateway-authorizer"]
    pool = scheme["providerARNs"][0].rpartition("/")[2]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="client", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username="somebody", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username="somebody", Password="Cartwheel-1", Permanent=True)
    for group in ("staff", "a,operators"):
        cognito.create_group(GroupName=group, UserPoolId=pool)
        cognito.admin_add_user_to_group(UserPoolId=pool, Username="somebody", GroupName=group)
    tokens: dict[str, str] = cognito.initiate_auth(
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId=client,
        AuthParameters={"USERNAME": "somebody", "PASSWORD": "Cartwheel-1"},
    )["AuthenticationResult"]
    return account.api(described), tokens


@pytest.mark.parametrize(("token", "status"), [("IdToken", 200), ("AccessToken", 401), ("RefreshToken", 401)])
def test_only_an_id_token_passes(signed_in: tuple[str, dict[str, str]], token: str, status: int) -> None:
    url, tokens = signed_in
    assert httpx2.post(f"{url}/orders", headers={"Authorization": tokens[token]}).status_code == status


def test_groups_arrive_as_one_string(signed_in: tuple[str, dict[str, str]]) -> None:
    url, tokens = signed_in
    claims = httpx2.post(f"{url}/orders", headers={"Authorization": tokens["IdToken"]}).json()
    assert claims["cognito:groups"] in {"staff,a,operators", "a,operators,staff"}
    assert claims["token_use"] == "id"
