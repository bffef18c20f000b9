"""Web pages of listed origins may read what functions answer, and no others."""

from http import HTTPStatus
from typing import Any

import pytest

from shopkit.api import Request, Response, endpoint
from shopkit.problems import not_found

SHOP, ADMIN = "https://shop.example", "http://localhost:5173"


@endpoint
def found(_request: Request) -> Response:
    return Response(HTTPStatus.CREATED, {}, {"Location": "./things/1"})


@endpoint
def missing(_request: Request) -> Response:
    raise not_found("thing")


@endpoint
def broken(_request: Request) -> Response:
    raise RuntimeError


def headers(handler: Any, origin: str | None, allowed: str | None = f"{SHOP},{ADMIN}") -> dict[str, str]:
    event = {
        "headers": {} if origin is None else {"Origin": origin},
        "stageVariables": None if allowed is None else {"AllowedOrigins": allowed},
    }
    answered: dict[str, str] = handler(event, None)["headers"]
    return answered


@pytest.mark.parametrize("handler", [found, missing, broken])
@pytest.mark.parametrize("origin", [SHOP, ADMIN])
def test_a_page_of_a_listed_origin_may_read_every_answer(handler: Any, origin: str) -> None:
    answered = headers(handler, origin)
    assert answered["Access-Control-Allow-Origin"] == origin
    assert {"Location", "Idempotency-Replayed", "Retry-After"} <= set(
        answered["Access-Control-Expose-Headers"].split(", ")
    )


@pytest.mark.parametrize("handler", [found, missing, broken])
@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "*",
        "https://evil.example",
        f"{SHOP}.evil.example",
        "http://shop.example",
        f"{SHOP},{ADMIN}",
        ",",
    ],
)
def test_another_page_may_not_and_no_cache_gives_it_the_listed_one_s_answer(handler: Any, origin: str | None) -> None:
    answered = headers(handler, origin)
    assert not [name for name in answered if name.startswith("Access-Control")]
    assert answered["Vary"] == "Origin"


@pytest.mark.parametrize("allowed", [None, ""])
@pytest.mark.parametrize("origin", ["", SHOP])
def test_without_a_list_nobody_may(origin: str, allowed: str | None) -> None:
    assert not [name for name in headers(found, origin, allowed) if name.startswith("Access-Control")]


def test_what_the_function_says_is_kept() -> None:
    assert headers(found, SHOP)["Location"] == "./things/1"


@pytest.mark.parametrize("name", ["origin", "ORIGIN"])
def test_header_names_have_no_case(name: str) -> None:
    event = {"headers": {name: SHOP}, "stageVariables": {"AllowedOrigins": SHOP}}
    assert found(event, None)["headers"]["Access-Control-Allow-Origin"] == SHOP
