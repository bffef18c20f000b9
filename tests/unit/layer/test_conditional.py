"""An answer that the caller has already is not sent again."""

from http import HTTPStatus
from typing import Any

import pytest

from shopkit.api import Request, Response, endpoint
from shopkit.conditional import etag, matches
from shopkit.problems import not_found
from tests.support.api_gateway import call


@endpoint
def shown(request: Request) -> Response:
    return Response(HTTPStatus.OK, {"sku": request.path})


@endpoint
def missing(_request: Request) -> Response:
    raise not_found("product")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_read_has_an_etag_and_is_asked_about_before_each_use(method: str) -> None:
    answer = call(shown, "/mug", method=method)
    assert answer.status == 200
    assert answer.headers["ETag"] == etag(answer.raw)
    assert answer.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_has_the_answer_is_told_that_it_holds_and_nothing_else(method: str) -> None:
    tag = etag(call(shown, "/mug").raw)
    answer = call(shown, "/mug", method=method, headers={"if-none-match": tag})
    assert (answer.status, answer.raw) == (304, "")
    assert answer.headers == {"ETag": tag, "Cache-Control": "private, no-cache"}


def test_who_has_another_answer_gets_this_one() -> None:
    earlier = call(shown, "/mug", method="GET").headers["ETag"]
    answer = call(shown, "/cup", method="GET", headers={"If-None-Match": earlier})
    assert (answer.status, answer.body) == (200, {"sku": "/cup"})
    assert answer.headers["ETag"] != earlier


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "get"])
def test_what_changes_something_is_answered_in_full(method: str) -> None:
    answer = call(shown, "/mug", method=method, headers={"If-None-Match": "*"})
    assert (answer.status, answer.body) == (200, {"sku": "/mug"})
    assert answer.headers == {"Content-Type": "application/json"}


def test_a_problem_is_told_whatever_the_caller_has() -> None:
    answer = call(missing, method="GET", headers={"If-None-Match": "*"})
    assert answer.problem == "not-found"
    assert "ETag" not in answer.headers


TAG = '"abc"'


@pytest.mark.parametrize(
    "sent",
    ["*", " * ", TAG, f"W/{TAG}", f'"x", {TAG}', f'"x",W/{TAG}', f'"a,b" , {TAG}', f'"",{TAG}', f'W/"é", {TAG}'],
)
def test_it_is_looked_for_in_a_list_by_weak_comparison(sent: str) -> None:
    assert matches(sent, TAG)


@pytest.mark.parametrize("sent", ["", "abc", '"ab"', '"abc', '"ABC"', '"a"bc"', "w/", '"*"', "*, *", "\"x 'abc'\""])
def test_what_is_no_such_list_matches_nothing(sent: str) -> None:
    assert not matches(sent, TAG)


def test_several_headers_are_one_list() -> None:
    tag = call(shown, "/mug", method="GET").headers["ETag"]
    answer = call(shown, "/mug", method="GET", repeated={"If-None-Match": [tag, '"other"']})
    assert answer.status == 304


def test_a_page_of_another_origin_may_read_both() -> None:
    """What it may read stands in every answer, also where a cache keeps it (RFC 9110 §15.4.5: Vary)."""
    event: dict[str, Any] = {
        "httpMethod": "GET",
        "path": "/mug",
        "headers": {"Origin": "https://shop.example", "If-None-Match": "*"},
        "stageVariables": {"AllowedOrigins": "https://shop.example"},
    }
    answer = shown(event, None)
    assert answer["statusCode"] == 304
    assert answer["headers"]["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "ETag" in answer["headers"]["Access-Control-Expose-Headers"].split(", ")
    assert answer["headers"]["Vary"] == "Origin"
