"""A REST API from a document answers its own errors, under an id that stays."""

from typing import Any

import httpx2

from tests.emulator.account import Account

RESPONSES = "x-amazon-apigateway-gateway-responses"
PROBLEM: dict[str, Any] = {
    "responseParameters": {"gatewayresponse.header.Content-Type": "'application/problem+json'"},
    "responseTemplates": {"application/json": '{"title": $context.error.messageString}'},
}
ANSWER = 'def handler(event, context): return {"statusCode": 200, "body": event["resource"]}'
LEAK = 'def handler(event, context): raise RuntimeError("the secret")'


def document(account: Account, function: str, path: str = "/orders") -> dict[str, Any]:
    pool = account.client("cognito-idp").create_user_pool(PoolName=account.name("pool"))["UserPool"]
    return {
        RESPONSES: {"DEFAULT_4XX": PROBLEM, "DEFAULT_5XX": PROBLEM},
        "components": {
            "securitySchemes": {
                "cognito": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "x-amazon-apigateway-authtype": "cognito_user_pools",
                    "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [pool["Arn"]]},
                }
            }
        },
        "paths": {
            path: {
                "get": account.integration(function),
                "post": {**account.integration(function), "security": [{"cognito": []}]},
            }
        },
    }


def test_errors_are_problems_and_the_id_survives_a_changed_document(account: Account) -> None:
    function, stack = account.function(ANSWER), account.name("stack")
    account.open_to_apis(function)
    api = account.api(document(account, function), stack)
    assert httpx2.get(f"{api}/orders").text == "/orders"
    for response, status, title in (
        (httpx2.post(f"{api}/orders"), 401, "Unauthorized"),
        (httpx2.post(f"{api}/orders", headers={"Authorization": "forged"}), 401, "Unauthorized"),
        (httpx2.get(f"{api}/nowhere"), 403, "Missing Authentication Token"),
    ):
        assert (response.status_code, response.json()) == (status, {"title": title})
        assert response.headers["content-type"] == "application/problem+json"

    assert account.api(document(account, function, "/products"), stack) == api
    assert httpx2.get(f"{api}/products").status_code == 200
    assert httpx2.get(f"{api}/orders").status_code == 403
    assert httpx2.post(f"{api}/products").status_code == 401


def test_the_document_s_title_becomes_the_api_s_name(account: Account) -> None:
    stack, gateway = account.name("stack"), account.client("apigateway")
    for title in ("first", "second"):
        url = account.api({"info": {"title": title, "version": "1"}, "paths": {}}, stack)
        (api,) = (each for each in gateway.get_rest_apis(limit=500)["items"] if each["id"] in url)
        assert api["name"] == title


def test_a_throttled_function_is_a_failure_of_the_integration(account: Account) -> None:
    function = account.function(ANSWER)
    account.open_to_apis(function)
    account.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    busy = {**PROBLEM, "statusCode": 503}
    url = account.api({**document(account, function), RESPONSES: {"INTEGRATION_FAILURE": busy}})
    response = httpx2.get(f"{url}/orders")
    assert (response.status_code, response.json()) == (503, {"title": "Internal server error"})


def test_a_crash_behind_the_api_leaks_nothing(account: Account) -> None:
    function = account.function(LEAK)
    account.open_to_apis(function)
    response = httpx2.get(f"{account.api(document(account, function))}/orders")
    assert (response.status_code, response.json()) == (502, {"title": "Internal server error"})
    assert response.headers["content-type"] == "application/problem+json"


SENT = """
import json

def handler(event, context):
    return {"statusCode": 200, "body": json.dumps([event["headers"]["x-key"], event["multiValueHeaders"]["x-key"]])}
"""


def test_a_header_that_is_sent_twice_is_two_values_and_not_one_joined(account: Account) -> None:
    function = account.function(SENT)
    account.open_to_apis(function)
    api = account.api(document(account, function))
    twice = httpx2.get(f"{api}/orders", headers=[("X-Key", "a"), ("x-key", "b")])
    assert twice.json() == ["b", ["a", "b"]]
    once = httpx2.get(f"{api}/orders", headers={"X-Key": "a, b"})
    assert once.json() == ["a, b", ["a, b"]]
