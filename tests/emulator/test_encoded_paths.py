"""An id may hold any character, if it is encoded."""

import json
from urllib.parse import quote

import httpx2
import pytest

from tests.emulator.account import Account

ANSWER = """
import json
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps([event["resource"], event["pathParameters"]])}
"""


@pytest.fixture(scope="module")
def api(account: Account) -> str:
    function = account.function(ANSWER)
    account.client("lambda").add_permission(
        FunctionName=function,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn="arn:aws:execute-api:us-east-1:000000000000:*/*/GET/orders/*",
    )
    integration = account.integration(function)
    return account.api({"paths": {"/orders/{id}": {"get": integration}, "/orders/{id}/timeline": {"get": integration}}})


@pytest.mark.parametrize("name", ["a/b", "a/timeline", "/", "a\nb", "\n", "a b", "100%", "é", "a?b#c", "..", "%2F"])
def test_whatever_an_id_holds_it_leads_to_its_own_route(api: str, name: str) -> None:
    encoded = quote(name, safe="").replace(".", "%2E")
    for after, resource in (("", "/orders/{id}"), ("/timeline", "/orders/{id}/timeline")):
        answer = httpx2.get(f"{api}/orders/{encoded}{after}")
        assert (answer.status_code, json.loads(answer.text)) == (200, [resource, {"id": name}])


def test_an_encoded_slash_parts_nothing(api: str) -> None:
    assert httpx2.get(f"{api}/orders%2F1").status_code == 403
