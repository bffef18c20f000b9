"""What an API answers by itself is filled in from its template, headers and all."""

from typing import Any

import httpx2

from tests.emulator.account import Account

ECHO = (
    '#set($who = $input.params("x-who"))'
    '#set($known = ["a", "b"])'
    '#if($who != "" && $known.contains($who))#set($context.responseOverride.header.X-Known = $who)#end'
)


def mock(template: str) -> dict[str, Any]:
    return {
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": '{"statusCode": 204}'},
            "responses": {
                "default": {
                    "statusCode": "204",
                    "responseParameters": {"method.response.header.Vary": "'X-Who'"},
                    "responseTemplates": {"application/json": template},
                }
            },
        }
    }


def test_a_template_sees_the_request_s_headers_and_sets_the_answer_s(account: Account) -> None:
    url = f"{account.api({'paths': {'/orders/{id}': {'options': mock(ECHO)}}})}/orders/1"
    for who, known in (("a", "a"), ("b", "b"), ("c", None), ("", None)):
        answer = httpx2.options(url, headers={"X-Who": who})
        assert (answer.status_code, answer.headers.get("X-Known"), answer.content) == (204, known, b"")
        assert answer.headers["Vary"] == "X-Who"


def test_a_template_s_text_is_the_body_and_its_status_the_status(account: Account) -> None:
    template = '#set($context.responseOverride.status = 418)I am $input.params("x-who")'
    answer = httpx2.options(f"{account.api({'paths': {'/': {'options': mock(template)}}})}/", headers={"X-Who": "me"})
    assert (answer.status_code, answer.text) == (418, "I am me")
