"""The shop's pages and its API at one address, as a browser finds them there."""

import re
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from deployed.account_mails import account_mails
from tests.support.eventually import eventually
from tests.support.shop import HOME, Person, RunningShop, taken
from tests.support.shop import Order as Placed

pytestmark = pytest.mark.e2e
PASSWORD = "Cartwheel-1"


class Browser:
    """Requests to the distribution's address, whose name this machine's resolver need not know."""

    def __init__(self, shop: RunningShop) -> None:
        assert shop.stack.details.storefront_url
        self.address = urlsplit(shop.stack.details.storefront_url)
        base = f"{self.address.scheme}://127.0.0.1:{self.address.port}"
        self._http = httpx2.Client(base_url=base, headers={"Host": self.address.netloc}, timeout=90, trust_env=False)

    @property
    def origin(self) -> str:
        return f"{self.address.scheme}://{self.address.netloc}"

    def asks(self, method: str, path: str, **request: Any) -> httpx2.Response:
        return self._http.request(method, path, **request)

    def gets(self, path: str, **headers: str) -> httpx2.Response:
        return self.asks("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def calls_cognito(self, operation: str, **body: Any) -> httpx2.Response:
        """As a page does: at the endpoint and with the client that config.json names."""
        cognito = self.gets("/config.json").json()["cognito"]
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}",
            "Origin": self.origin,
        }
        with httpx2.Client(trust_env=False) as client:
            return client.post(cognito["endpoint"], headers=headers, json={"ClientId": cognito["client_id"], **body})


@pytest.fixture
def browser(shop: RunningShop) -> Browser:
    return Browser(shop)


def assets(page: httpx2.Response) -> Iterator[str]:
    """What index.html loads."""
    yield from re.findall(r'(?:href|src)="(assets/[^"]+)"', page.text)


def test_the_address_opens_the_shop(browser: Browser) -> None:
    page = browser.gets("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    found = list(assets(page))
    assert any(name.endswith(".js") for name in found)
    for name in found:
        asset = browser.gets(f"/{name}")
        assert (asset.status_code, asset.headers["cache-control"]) == (200, "public, max-age=31536000, immutable"), name
        assert re.match(r"(text/(css|javascript)|image/svg\+xml); charset=utf-8$", asset.headers["content-type"]), name
        assert browser.gets(f"/{name}", if_none_match=asset.headers["etag"]).status_code == 304
    assert len({name.split("/")[1] for name in found}) == 1  # one tree, named by its content


def test_every_answer_tells_the_browser_to_trust_nobody_else(browser: Browser, shop: RunningShop) -> None:
    cognito = browser.gets("/config.json").json()["cognito"]["endpoint"].rstrip("/")
    for path in ("/", "/config.json", "/nothing", "/v1/products", "/v1/orders"):
        headers = browser.gets(path).headers
        policy = dict(each.strip().split(" ", 1) for each in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["connect-src"] == f"'self' {cognito}"
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["strict-transport-security"] == "max-age=63072000"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]


def test_a_customer_buys_at_the_same_address(shop: RunningShop, customer: Person, browser: Browser) -> None:
    mug, key = shop.sells(stock=5, price=1000), str(uuid.uuid4())
    assert customer.token
    order = {"lines": [(2 * mug).line()], "payment_method": "pm_visa", "shipping_address": HOME}
    headers = {"Authorization": customer.token, "Idempotency-Key": key}

    first = browser.asks("POST", "/v1/orders", json=order, headers=headers)
    again = browser.asks("POST", "/v1/orders", json=order, headers=headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    placed = Placed(shop, first.json()["order_id"])
    placed.becomes("CONFIRMED")
    assert placed.charge == taken(2000)
    assert browser.gets(f"/v1/orders/{placed.id}", authorization=customer.token).json()["status"] == "CONFIRMED"


def test_the_apis_own_errors_arrive(browser: Browser, customer: Person) -> None:
    assert customer.token
    refused = browser.gets("/v1/orders")
    missing = browser.gets("/v1/orders/ord_nothing", authorization=customer.token)
    for answer, status in ((refused, 401), (missing, 404)):
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert answer.json()["status"] == status


def test_a_file_that_is_not_there_is_404_and_no_page(browser: Browser) -> None:
    for path in ("/nothing.js", "/assets/", "/images/", "/../config.json%00"):
        answer = browser.gets(path)
        assert answer.status_code == 404
        assert "<html" not in answer.text.lower()


def test_the_bucket_is_closed_to_all_but_the_distribution(shop: RunningShop) -> None:
    bucket, endpoint = shop.stack.resources["Web/Site"], shop.stack.details.endpoint_url
    with httpx2.Client(trust_env=False) as client:
        for path in (bucket, f"{bucket}/index.html"):
            assert client.get(f"{endpoint}/{path}").status_code == 403


def test_somebody_new_opens_an_account_and_is_known_by_mail(shop: RunningShop, browser: Browser) -> None:
    email = f"{uuid.uuid4().hex}@example.com"
    signed_up = browser.calls_cognito("SignUp", Username=email, Password=PASSWORD)
    assert (signed_up.status_code, signed_up.headers["access-control-allow-origin"]) == (200, browser.origin)
    unconfirmed = browser.calls_cognito("InitiateAuth", **sign_in(email))
    assert (unconfirmed.status_code, unconfirmed.json()["__type"]) == (400, "UserNotConfirmedException")
    (mail,) = (found for found in account_mails(shop.stack) if found.to == email)
    (code,) = re.findall(r"\b\d{6}\b", mail.text)

    assert browser.calls_cognito("ConfirmSignUp", Username=email, ConfirmationCode=code).status_code == 200

    tokens = browser.calls_cognito("InitiateAuth", **sign_in(email)).json()["AuthenticationResult"]
    mug = shop.sells(stock=5, price=1000)
    order = Person(shop, tokens["IdToken"], email).orders(mug)
    order.becomes("CONFIRMED")
    eventually(lambda: order.mails, ["OrderPlaced", "OrderConfirmed"])
    refreshed = {"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": tokens["RefreshToken"]}}
    assert "IdToken" in browser.calls_cognito("InitiateAuth", **refreshed).json()["AuthenticationResult"]


def sign_in(email: str) -> dict[str, Any]:
    return {"AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": email, "PASSWORD": PASSWORD}}
