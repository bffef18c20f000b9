"""Scenario 30: nobody gets in where they do not belong, and what is not theirs does not exist for them."""

import base64
import json
from collections.abc import Iterator

import pytest

from tests.support.eventually import eventually
from tests.support.faults import without_permission
from tests.support.shop import HOME, Goods, Order, Person, RunningShop

pytestmark = pytest.mark.e2e

NOWHERE = "ord_00000000000000000000000000000000"
# Every route that asks who is calling.
GUARDED = [
    ("GET", "orders"),
    ("POST", "orders"),
    ("GET", f"orders/{NOWHERE}"),
    ("GET", f"orders/{NOWHERE}/timeline"),
    ("POST", f"orders/{NOWHERE}/cancellation"),
    ("POST", f"orders/{NOWHERE}/review"),
    ("PUT", "products/MUG-STONE-350"),
    ("POST", "products/MUG-STONE-350/restock"),
    ("GET", "operations/dead-letters"),
    ("GET", "operations/dead-letters/Notify%2FEmailDeadLetters"),
    ("POST", "operations/dead-letters/Notify%2FEmailDeadLetters/redrive"),
    ("GET", "operations/breaks"),
    ("PUT", "operations/breaks/email-consumer"),
    ("DELETE", "operations/breaks/email-consumer"),
]


@pytest.fixture
def mug(shop: RunningShop) -> Goods:
    return shop.sells(stock=5)


@pytest.fixture
def order(mug: Goods, customer: Person) -> Order:
    order = customer.orders(mug)
    order.becomes("CONFIRMED")
    return order


def knocks(person: Person) -> dict[tuple[str, str], int]:
    """What every guarded route answers to this person."""
    return {(method, path): person.asks(method, path, json={}).status_code for method, path in GUARDED}


def all_refused() -> dict[tuple[str, str], int]:
    return dict.fromkeys(GUARDED, 401)


def test_another_customers_order_does_not_exist(shop: RunningShop, order: Order) -> None:
    other = shop.another_customer
    for method, what in (("GET", ""), ("GET", "/timeline"), ("POST", "/cancellation")):
        theirs = other.asks(method, f"orders/{order.id}{what}")
        nobodys = other.asks(method, f"orders/{NOWHERE}{what}")

        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.text.replace(order.id, NOWHERE) == nobodys.text
    assert order.now["status"] == "CONFIRMED"


def test_a_customers_list_holds_their_own_orders_only(
    shop: RunningShop, order: Order, customer: Person, operator: Person
) -> None:
    def lists(person: Person) -> set[str]:
        return {found["order_id"] for found in person.asks("GET", "orders?limit=100").json()["orders"]}

    eventually(lambda: order.id in lists(customer), True)
    assert order.id in lists(operator)
    assert order.id not in lists(shop.another_customer)


def test_a_customer_is_no_operator(shop: RunningShop, mug: Goods, order: Order, customer: Person) -> None:
    product = {"name": "Mine", "description": "", "price": {"amount": 0, "currency": "USD"}, "image": "a.svg"}
    key = {"Idempotency-Key": "mine"}

    refused = [
        customer.asks("PUT", f"products/{mug.sku}", json=product),
        customer.asks("POST", f"products/{mug.sku}/restock", json={"quantity": 1}, headers=key),
        customer.reviews(order, "approve"),
    ]

    assert [answer.status_code for answer in refused] == [403, 403, 403]
    assert {answer.headers["Content-Type"] for answer in refused} == {"application/problem+json"}
    eventually(lambda: shop.stock(mug), (4, 0))
    known = shop.known(mug)
    assert known
    assert known["price"]["amount"] == 1000


def test_an_order_belongs_to_whoever_holds_the_token_whatever_its_body_says(
    shop: RunningShop, mug: Goods, customer: Person
) -> None:
    body = {"lines": [mug.line()], "payment_method": "pm_visa", "shipping_address": HOME}

    forged = customer.asks(
        "POST", "orders", json={**body, "customer_id": "else"}, headers={"Idempotency-Key": "forged"}
    )

    assert (forged.status_code, forged.json()["errors"][0]["pointer"]) == (400, "/customer_id")


def test_without_a_token_every_guarded_route_is_closed_and_the_shelves_are_open(shop: RunningShop, mug: Goods) -> None:
    stranger = shop.stranger

    assert knocks(stranger) == all_refused()
    assert stranger.asks("GET", f"products/{mug.sku}").json()["available"] == 5
    assert stranger.asks("GET", "products").status_code == stranger.asks("GET", "trending").status_code == 200
    refusal = stranger.asks("GET", "orders")
    assert refusal.headers["Content-Type"] == "application/problem+json"
    assert refusal.json()["type"] == "urn:cartwheel:problem:unauthorized"


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "Bearer", "null", "é"])
def test_what_is_no_token_opens_nothing(shop: RunningShop, token: str) -> None:
    assert Person(shop, token).asks("GET", "orders").status_code == 401


def test_a_tampered_token_opens_nothing(shop: RunningShop) -> None:
    assert shop.customer.token
    header, payload, signature = shop.customer.token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    raised = base64.urlsafe_b64encode(json.dumps({**claims, "cognito:groups": ["operators"]}).encode()).decode()
    unsigned = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode()

    assert knocks(Person(shop, f"{header}.{raised.rstrip('=')}.{signature}")) == all_refused()
    assert knocks(Person(shop, f"{unsigned.rstrip('=')}.{payload}.")) == all_refused()


def test_a_token_of_another_pool_opens_nothing(shop: RunningShop) -> None:
    cognito = shop.aws("cognito-idp")
    pool = cognito.create_user_pool(PoolName="foreign")["UserPool"]["Id"]
    try:
        client = cognito.create_user_pool_client(
            UserPoolId=pool, ClientName="foreign", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
        )["UserPoolClient"]["ClientId"]
        cognito.create_group(GroupName="operators", UserPoolId=pool)
        cognito.admin_create_user(UserPoolId=pool, Username="mallory", MessageAction="SUPPRESS")
        cognito.admin_set_user_password(UserPoolId=pool, Username="mallory", Password="Cartwheel-1", Permanent=True)
        cognito.admin_add_user_to_group(UserPoolId=pool, Username="mallory", GroupName="operators")

        assert knocks(Person(shop, _sign_in(shop, client, "mallory", "Cartwheel-1"))) == all_refused()
    finally:
        cognito.delete_user_pool(UserPoolId=pool)


@pytest.fixture
def short_lived(shop: RunningShop) -> Iterator[str]:
    """An app client of the shop's own pool whose tokens are good for a second."""
    cognito, pool = shop.aws("cognito-idp"), shop.stack.details.user_pool_id
    client = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="short-lived",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        IdTokenValidity=1,
        TokenValidityUnits={"IdToken": "seconds"},
    )["UserPoolClient"]["ClientId"]
    yield client
    cognito.delete_user_pool_client(UserPoolId=pool, ClientId=client)


def test_an_expired_token_opens_nothing(shop: RunningShop, short_lived: str) -> None:
    user = shop.stack.details.customers[0]
    person = Person(shop, _sign_in(shop, short_lived, user.email, user.password))

    eventually(lambda: person.asks("GET", "orders").status_code, 401)

    assert knocks(person) == all_refused()


def test_a_function_without_a_permission_is_denied_as_on_aws(shop: RunningShop, order: Order, customer: Person) -> None:
    with without_permission(shop, "Order/GetRole", "dynamodb:GetItem"):
        denied = customer.looks_at(order)

    assert (denied.status_code, denied.json()["type"]) == (500, "urn:cartwheel:problem:internal-error")
    assert "AccessDenied" not in denied.text
    assert customer.looks_at(order).status_code == 200


def _sign_in(shop: RunningShop, client: str, user: str, password: str) -> str:
    answer = shop.aws("cognito-idp").initiate_auth(
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId=client,
        AuthParameters={"USERNAME": user, "PASSWORD": password},
    )
    token: str = answer["AuthenticationResult"]["IdToken"]
    return token
