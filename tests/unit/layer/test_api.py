"""The way from API Gateway into a function and back: bodies, callers, problems, and never a bare 500."""

import base64
import json
import logging
from http import HTTPStatus
from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from shopkit.api import MAX_BODY_BYTES, Request, Response, endpoint
from shopkit.problems import Problem, conflict, not_found, pointer
from tests.support.api_gateway import ALICE, OPERATOR, call


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    quantity: Annotated[int, Field(ge=1)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    lines: list[Line] = []
    tags: list[str] = []

    @field_validator("tags")
    @classmethod
    def each_tag_once(cls, tags: list[str]) -> list[str]:
        if len(set(tags)) != len(tags):
            raise ValueError("each tag once")
        return tags


@endpoint
def echo(request: Request) -> Response:
    body = request.body(Body)
    return Response(HTTPStatus.CREATED, {"name": body.name}, {"Location": "./things/1"})


def test_an_answer_is_json_with_the_headers_it_was_given() -> None:
    answer = call(echo, "/things", body={"name": "Tasse é 😀"})
    assert (answer.status, answer.body) == (201, {"name": "Tasse é 😀"})
    assert answer.headers == {"Content-Type": "application/json", "Location": "./things/1"}


# ── What comes in ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON ;charset=UTF-8"]
)
def test_scenario_27_json_is_taken_by_its_media_type(content_type: str) -> None:
    assert call(echo, headers={"Content-Type": content_type}, body={"name": "x"}).status == 201


@pytest.mark.parametrize("name", ["content-type", "CONTENT-TYPE"])
def test_header_names_have_no_case(name: str) -> None:
    event = {"headers": {name: "application/json"}, "body": '{"name": "x"}'}
    assert echo(event, None)["statusCode"] == 201


@pytest.mark.parametrize("name", ["Idempotency-Key", "idempotency-key", "Authorization", "Content-Type", "Host"])
@pytest.mark.parametrize("values", [("a", "b"), ("a", "a"), ("", "")])
def test_a_header_that_should_be_there_once_is_refused_twice(name: str, values: tuple[str, str]) -> None:
    """Also the same value: which of them the client meant is a guess, and joined they are another one."""
    answer = call(echo, repeated={name: values}, body={"name": "x"})
    assert (answer.status, answer.problem) == (400, "repeated-header")
    assert name.lower() in answer.body["detail"].lower()


def test_the_same_header_in_two_spellings_is_there_twice() -> None:
    answer = call(echo, repeated={"Idempotency-Key": ["a"], "idempotency-key": ["b"]}, body={"name": "x"})
    assert answer.problem == "repeated-header"


def test_what_may_be_repeated_is_taken() -> None:
    repeated = {"Accept": ["text/html", "application/json"], "X-Forwarded-For": ["10.0.0.1", "10.0.0.2"]}
    assert call(echo, repeated=repeated, body={"name": "x"}).status == 201


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/jsonp", "application/x-www-form-urlencoded"])
def test_scenario_27_another_media_type_is_415(content_type: str) -> None:
    answer = call(echo, headers={"Content-Type": content_type}, body={"name": "x"})
    assert (answer.status, answer.problem) == (415, "unsupported-media-type")


@pytest.mark.parametrize(
    "charset", ["utf-8", "UTF-8", "utf8", '"utf-8"', " utf-8 ; profile=x"], ids=lambda charset: charset.strip()
)
def test_utf_8_may_be_named(charset: str) -> None:
    answer = call(echo, headers={"Content-Type": f"application/json; charset={charset}"}, body={"name": "x"})
    assert answer.status == 201


@pytest.mark.parametrize(
    "charset", ["iso-8859-1", "latin1", "utf-16", '"windows-1252"', "us-ascii", "", "utf-8; charset=x"]
)
def test_another_charset_is_415(charset: str) -> None:
    answer = call(echo, headers={"Content-Type": f"application/json; Charset={charset}"}, body={"name": "x"})
    assert (answer.status, answer.problem) == (415, "unsupported-media-type")
    assert "UTF-8" in answer.body["detail"]


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "identity, gzip"])
def test_a_compressed_body_is_415_and_not_malformed_json(encoding: str) -> None:
    answer = call(echo, headers={"Content-Encoding": encoding}, raw="\x1f\ufffd\b\0")
    assert (answer.status, answer.problem) == (415, "unsupported-media-type")
    assert "Content-Encoding" in answer.body["detail"]


def test_an_encoding_that_changes_nothing_is_taken() -> None:
    assert call(echo, headers={"Content-Encoding": "identity"}, body={"name": "x"}).status == 201


def test_a_byte_order_mark_is_named() -> None:
    answer = call(echo, raw='\ufeff{"name": "x"}')
    assert (answer.status, answer.problem) == (400, "malformed-json")
    assert answer.body["detail"] == "The request body starts with a byte order mark. Send it without one."


@pytest.mark.parametrize("text", ["a\\u0000b", "\\ud800"])
def test_text_that_cannot_be_kept_is_pointed_to(text: str) -> None:
    answer = call(echo, raw=f'{{"name": "x", "tags": ["a", "{text}"]}}')
    assert [error["pointer"] for error in answer.body["errors"]] == ["/tags/1"]


def test_scenario_28_a_body_over_the_limit_is_413_whatever_is_in_it() -> None:
    at_the_limit = json.dumps({"name": "x"}).ljust(MAX_BODY_BYTES)
    assert call(echo, raw=at_the_limit).status == 201
    assert call(echo, raw=at_the_limit + " ").problem == "body-too-large"
    # Counted in bytes, not in characters.
    assert call(echo, raw=json.dumps({"name": "é" * (MAX_BODY_BYTES // 2)}, ensure_ascii=False)).status == 413


def test_a_base64_body_is_decoded() -> None:
    encoded = base64.b64encode('{"name": "é"}'.encode()).decode()
    assert call(echo, raw=encoded, base64=True).body == {"name": "é"}


@pytest.mark.parametrize("raw", ["not base64!", "AAA"])
def test_a_body_that_only_claims_to_be_base64_is_400(raw: str) -> None:
    assert call(echo, raw=raw, base64=True).problem == "malformed-body"


def test_a_body_with_a_lone_surrogate_is_400() -> None:
    assert call(echo, raw='{"name": "\ud800"}').problem == "malformed-body"


def test_no_body_is_400() -> None:
    assert call(echo).problem == "malformed-json"


def test_every_offending_place_is_pointed_to() -> None:
    answer = call(echo, body={"lines": [{"quantity": 1}, {"quantity": "2"}, {"quantity": 0}], "a/b~c": 1})
    assert answer.problem == "invalid-body"
    assert [error["pointer"] for error in answer.body["errors"]] == [
        "/name",
        "/lines/1/quantity",
        "/lines/2/quantity",
        "/a~1b~0c",
    ]
    assert all(error["detail"] for error in answer.body["errors"])


@pytest.mark.parametrize("raw", ["[]", '"x"', '{"name": "x", "tags": ["a", "a"]}', '{"name": "x", "lines": [1]}'])
def test_what_is_wrong_is_said_without_the_names_of_classes_and_libraries(raw: str) -> None:
    (error,) = call(echo, raw=raw).body["errors"]
    assert error["detail"] in {"Input should be an object", "each tag once"}


def test_a_pointer_escapes_what_rfc_6901_escapes() -> None:
    assert pointer(("lines", 0, "a/b", "c~d", "~1")) == "/lines/0/a~1b/c~0d/~01"
    assert pointer(()) == ""


@pytest.mark.parametrize("missing", [None, {}])
def test_what_api_gateway_leaves_out_is_empty(missing: dict[str, str] | None) -> None:
    seen: list[Request] = []

    @endpoint
    def look(request: Request) -> Response:
        seen.append(request)
        return Response(HTTPStatus.OK, {})

    look(
        {
            "pathParameters": missing,
            "queryStringParameters": missing,
            "headers": missing,
            "body": None,
            "requestContext": {"authorizer": missing},
        },
        None,
    )
    assert seen == [Request(path="", parameters={}, query={}, headers={}, raw_body=b"", claims={})]


# ── Who calls ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("groups", "operator"),
    [
        (None, False),
        ("", False),
        ("operators", True),
        ("[staff operators]", True),
        ("[operators]", True),
        ("operators-in-training", False),
        ("not.operators,co-operators", False),
        ("Operators", False),
        # One group of that name, or two: nobody becomes an operator by a comma.
        ("staff,operators", False),
        ("operators,staff", False),
        ("[staff,operators]", False),
        ("[[operators]]", False),
    ],
)
def test_scenario_30_operators_are_a_group_by_its_exact_name(groups: str | None, operator: bool) -> None:
    claims = {"sub": "somebody", **({"cognito:groups": groups} if groups is not None else {})}
    request = Request(path="", parameters={}, query={}, headers={}, raw_body=b"", claims=claims)
    assert request.caller.customer_id == "somebody"
    assert request.caller.operator is operator


@pytest.mark.parametrize("prefix", ["", "Bearer "])
@pytest.mark.parametrize(
    ("listed", "claim", "operator"),
    [
        (["staff", "operators"], "staff,operators", True),
        (["operators", "a,b"], "operators,a,b", True),
        (["a,operators"], "a,operators", False),
        (["[operators]"], "[operators]", False),
        # Another token than the one that the authorizer has let in says nothing.
        (["operators"], "staff", False),
        (["operators"], "", False),
        ("operators", "a,operators", False),
        (None, "a,operators", False),
        ([["operators"]], "a,operators", False),
    ],
)
def test_scenario_30_the_token_tells_where_the_name_of_a_group_ends(
    listed: object, claim: str, operator: bool, prefix: str
) -> None:
    payload = base64.urlsafe_b64encode(json.dumps({"cognito:groups": listed}).encode()).decode().rstrip("=")
    request = Request(
        path="",
        parameters={},
        query={},
        headers={"authorization": f"{prefix}header.{payload}.signature"},
        raw_body=b"",
        claims={"sub": "somebody", "cognito:groups": claim},
    )
    assert request.caller.operator is operator


@pytest.mark.parametrize("token", ["", ".", "a.b", "a.!.c", "a.W10.c", "a.MQ.c", "Bearer", "a.////.c", "é.é.é"])
def test_scenario_30_a_token_that_is_none_raises_nothing(token: str) -> None:
    claims = {"sub": "somebody", "cognito:groups": "a,operators"}
    request = Request(path="", parameters={}, query={}, headers={"authorization": token}, raw_body=b"", claims=claims)
    assert request.caller.operator is False


def test_scenario_30_a_customer_on_an_operator_s_route_is_403() -> None:
    @endpoint
    def operate(request: Request) -> Response:
        return Response(HTTPStatus.OK, {"who": request.require_operator().customer_id})

    assert call(operate, caller=ALICE).problem == "forbidden"
    assert call(operate, caller=OPERATOR).body == {"who": OPERATOR.sub}


# ── Problems ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def raising(error: Exception) -> object:
    @endpoint
    def fail(_request: Request) -> Response:
        raise error

    return fail


def test_a_problem_is_answered_as_rfc_9457_says() -> None:
    answer = call(raising(conflict("price-changed", "Look again.", quote={"total": 1})), "/orders")  # type: ignore[arg-type]
    assert answer.status == 409
    assert answer.headers == {"Content-Type": "application/problem+json"}
    assert answer.body == {
        "type": "urn:cartwheel:problem:price-changed",
        "title": "Price changed",
        "status": 409,
        "detail": "Look again.",
        "instance": "/orders",
        "quote": {"total": 1},
    }


def test_the_instance_of_a_problem_is_a_uri_whatever_was_asked_for() -> None:
    answer = call(raising(not_found("product")), "/products/a b\0茶")  # type: ignore[arg-type]
    assert answer.body["instance"] == "/products/a%20b%00%E8%8C%B6"


def test_what_nobody_expected_is_a_500_that_tells_the_log_and_not_the_caller(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = call(raising(RuntimeError("table arn:aws:dynamodb:…:orders is gone")), "/orders/1")  # type: ignore[arg-type]
    assert (answer.status, answer.problem) == (500, "internal-error")
    assert "dynamodb" not in answer.raw
    assert answer.body["instance"] == "/orders/1"


def test_not_found_says_what_is_not_there_and_nothing_else() -> None:
    assert not_found("order").document("/orders/1")["detail"] == "There is no such order."


def test_a_problem_without_places_has_no_errors() -> None:
    assert "errors" not in Problem(HTTPStatus.CONFLICT, "x", "y").document("/")
