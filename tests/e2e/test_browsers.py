"""The front door as a browser, a proxy or a scanner meets it: every path with every method, known and unknown, with and
without a token, from pages that may call it and from others."""

import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.e2e.conftest import ORIGINS
from tests.support.deployment import redeploy
from tests.support.eventually import until
from tests.support.faults import throttled
from tests.support.shop import HOME, Person, RunningShop

pytestmark = pytest.mark.e2e

PATHS: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent.parent.parent / "api" / "openapi.yaml").read_text()
)["paths"]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
FOREIGN = ("https://evil.example", "https://shop.example.evil.example", "http://shop.example", "null", "*")
BAD_TOKENS = ("", "nonsense", "a.b.c", "Bearer nonsense")

# In loops: the audit follows each test.
ROUTES = [(path, method.upper(), operation) for path, methods in PATHS.items() for method, operation in methods.items()]


def address(path: str) -> str:
    """Of nothing that there is."""
    nobody = "ord_00000000000000000000000000000000"
    return path.removeprefix("/").format(sku="NO-SUCH", order_id=nobody, place="NO-SUCH", name="NO-SUCH")


def methods_of(path: str) -> set[str]:
    known = {method.upper() for method in PATHS[path]}
    return known | {"HEAD"} if "GET" in known else known


def is_problem(answer: httpx2.Response, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.request.method == "HEAD" or answer.json()["status"] == status


def granted(answer: httpx2.Response) -> str | None:
    origin: str | None = answer.headers.get("access-control-allow-origin")
    return origin


# ── Preflights ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_page_of_a_listed_origin_learns_what_it_may_send(shop: RunningShop, origin: str) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for path in PATHS:
        answer = shop.stranger.asks("OPTIONS", address(path), headers={"Origin": origin, **asked})
        assert (answer.status_code, answer.content, granted(answer)) == (204, b"", origin), path
        assert set(answer.headers["access-control-allow-methods"].split(", ")) == methods_of(path)
        assert answer.headers["access-control-allow-headers"] == "Authorization, Content-Type, Idempotency-Key"
        assert int(answer.headers["access-control-max-age"]) > 0
        assert answer.headers["vary"] == "Origin"


def test_another_page_learns_nothing(shop: RunningShop) -> None:
    for path in PATHS:
        for headers in ({}, *({"Origin": origin} for origin in FOREIGN)):
            answer = shop.stranger.asks("OPTIONS", address(path), headers=headers)
            assert (answer.status_code, answer.headers["vary"]) == (204, "Origin"), path
            assert not [name for name in answer.headers if name.startswith("access-control-")], headers


# ── Answers ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_function_answers_can_be_read_by_listed_pages_only(shop: RunningShop, operator: Person) -> None:
    for path, method, operation in ROUTES:
        for origin in (*ORIGINS, *FOREIGN):
            answer = operator.asks(method, address(path), headers={"Origin": origin}, json={})
            assert str(answer.status_code) in operation["responses"], f"{method} {path}"
            assert granted(answer) == (origin if origin in ORIGINS else None), f"{method} {path}"
            assert answer.headers["vary"] == "Origin"


def test_without_a_valid_token_a_guarded_route_is_401_that_a_page_can_read(shop: RunningShop) -> None:
    guarded = [(path, method) for path, method, operation in ROUTES if "security" in operation]
    assert guarded
    for path, method in guarded:
        for token in BAD_TOKENS:
            headers = {"Authorization": token} if token else {}
            for origin in (ORIGINS[0], FOREIGN[0]):
                answer = shop.stranger.asks(method, address(path), headers={"Origin": origin, **headers})
                is_problem(answer, 401)
                # The gateway cannot choose: whoever asks, it names the first.
                assert granted(answer) == ORIGINS[0], f"{method} {path}"


def test_an_answer_to_an_order_shows_a_page_where_the_order_is(shop: RunningShop, customer: Person) -> None:
    key, mug = {"Idempotency-Key": "browser", "Origin": ORIGINS[0]}, shop.sells(stock=5)
    order = {"lines": [mug.line()], "payment_method": "pm_visa", "shipping_address": HOME}
    first, again = (customer.asks("POST", "orders", headers=key, json=order) for _ in range(2))
    exposed = set(first.headers["access-control-expose-headers"].split(", "))
    assert {"Location", "Idempotency-Replayed", "Retry-After"} <= exposed
    assert (first.headers["location"], again.headers["idempotency-replayed"]) == (again.headers["location"], "true")


# ── Paths and methods ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_method_that_the_path_lacks_is_404(shop: RunningShop, operator: Person) -> None:
    for path in PATHS:
        for method in set(METHODS) - methods_of(path):
            for person in (shop.stranger, operator):
                is_problem(person.asks(method, address(path)), 404)


def test_a_path_that_is_not_there_is_404(shop: RunningShop, operator: Person) -> None:
    for path in ("", "nowhere", "orders/1/2/3", "products/A/B", "orders%2F1", "v1/orders"):
        for method in (*METHODS, "OPTIONS"):
            for person in (shop.stranger, operator):
                is_problem(person.asks(method, path), 404)


def test_an_id_of_any_characters_is_nobody_s(customer: Person, operator: Person) -> None:
    for name in ("a%2Fb", "%2F", "a%0Ab", "%0A", "%00", "a%20b", "%25", "%C3%A9", "a%2Ftimeline", "%2e%2e"):
        for path in (f"orders/{name}", f"orders/{name}/timeline", f"products/{name}"):
            for person in (customer, operator):
                is_problem(person.asks("GET", path), 404)
        is_problem(operator.asks("POST", f"orders/{name}/cancellation"), 404)
        is_problem(operator.asks("PUT", f"products/{name}", json={}), 400)


# ── HEAD ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_head_is_get_without_a_body(shop: RunningShop, operator: Person) -> None:
    def answers(person: Person, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        answer = person.asks(method, address(path), headers={"Origin": ORIGINS[0]})
        own = {"date", "x-amzn-requestid", "x-amz-request-id"}
        return answer.status_code, {k: v for k, v in answer.headers.items() if k not in own}, answer.content

    for path in (path for path, methods in PATHS.items() if "get" in methods):
        for person in (operator, shop.stranger):
            status, headers, body = answers(person, "GET", path)
            assert body
            assert answers(person, "HEAD", path) == (status, headers, b""), path


# ── Trouble ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_throttled_function_is_503_with_a_time_to_come_back(shop: RunningShop) -> None:
    with throttled(shop, "Inventory/ListProducts"):
        answer = shop.stranger.asks("GET", "products", headers={"Origin": ORIGINS[0]})
    is_problem(answer, 503)
    assert answer.json()["type"] == "urn:cartwheel:problem:unavailable"
    assert (answer.headers["retry-after"], granted(answer)) == ("1", ORIGINS[0])
    assert shop.stranger.asks("GET", "products").status_code == 200


# ── Who is an operator ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_comma_in_the_name_of_a_group_makes_no_operator(shop: RunningShop) -> None:
    """Nor does a second group take from an operator what the first gives."""
    assert _restocks_as(shop, "a,operators") == 403
    assert _restocks_as(shop, "operators,a", "[operators]") == 403
    assert _restocks_as(shop, "staff", "operators") == 400


def _restocks_as(shop: RunningShop, *groups: str) -> int:
    cognito, details = shop.aws("cognito-idp"), shop.stack.details
    pool, client = details.user_pool_id, details.user_pool_client_id
    user, password = "grouped@example.com", "Cartwheel-1"
    cognito.admin_create_user(UserPoolId=pool, Username=user, MessageAction="SUPPRESS")
    try:
        cognito.admin_set_user_password(UserPoolId=pool, Username=user, Password=password, Permanent=True)
        for group in groups:
            if group != "operators":
                cognito.create_group(GroupName=group, UserPoolId=pool)
            cognito.admin_add_user_to_group(UserPoolId=pool, Username=user, GroupName=group)
        tokens = cognito.initiate_auth(
            AuthFlow="USER_PASSWORD_AUTH", ClientId=client, AuthParameters={"USERNAME": user, "PASSWORD": password}
        )["AuthenticationResult"]
        for other in ("AccessToken", "RefreshToken"):
            refused = shop.stranger.asks("GET", "orders", headers={"Authorization": tokens[other]})
            assert refused.status_code == 401
        return (
            Person(shop, tokens["IdToken"])
            .asks("POST", "products/NO-SUCH/restock", json={}, headers={"Idempotency-Key": "1"})
            .status_code
        )
    finally:
        cognito.admin_delete_user(UserPoolId=pool, Username=user)
        for group in set(groups) - {"operators"}:
            cognito.delete_group(GroupName=group, UserPoolId=pool)


# ── Another deployment ────────────────────────────────────────────────────────────────────────────────────────────────


def test_another_list_holds_from_the_next_deployment_on(shop: RunningShop) -> None:
    def asked_by(origin: str) -> list[str | None]:
        headers = {"Origin": origin}
        return [granted(shop.stranger.asks(method, "orders", headers=headers)) for method in ("OPTIONS", "GET")] + [
            granted(shop.stranger.asks("GET", "products", headers=headers))
        ]

    try:
        list_origins(shop, "")
        assert asked_by(ORIGINS[0]) == [None] * 3
        list_origins(shop, "https://another.example")
        assert asked_by("https://another.example") == ["https://another.example"] * 3
    finally:
        list_origins(shop, *ORIGINS)
    assert asked_by(ORIGINS[0]) == [ORIGINS[0]] * 3


def list_origins(shop: RunningShop, *origins: str) -> None:
    """In a second of its own: SAM tells an API's deployments apart by the second."""
    began = int(time.time())
    until(lambda: int(time.time()), lambda now: now > began, "another second")
    redeploy(shop, AllowedOrigins=",".join(origins))
