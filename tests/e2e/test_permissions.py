"""Every permission that a role has for its function's own calls is used.

The test drives the shop through every call that `deployed/data/permissions.yaml` names. What AWS itself does with a
role (reading queues and streams, starting workflows, writing logs) is compared with the templates in tests/iam instead.
"""

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from deployed.permissions.grants import Grant, grants_of
from deployed.permissions.reasons import reasons
from deployed.permissions.standing import Use, judged
from emulator import broker
from tests.e2e.conftest import HOME
from tests.support.deployment import redeploy
from tests.support.desk import Desk
from tests.support.eventually import until
from tests.support.faults import (
    Event,
    event_of,
    impatient_reviews,
    invoke,
    seen_again_soon,
    set_otherwise,
    throttled,
    without_permission,
)
from tests.support.kafka import send
from tests.support.permissions import Recorded
from tests.support.quiet import quiet
from tests.support.receiver import receiver
from tests.support.shop import Goods, Order, Person, RunningShop

pytestmark = pytest.mark.e2e

SENDER = "shop@example.com"
NONSENSE = {"version": {"S": "none"}}
# What each reader of a stream cannot read.
POISON = {
    "Order/Orders": {"pk": {"S": "order#garbage"}, "status": {"S": "CONFIRMED"}},
    "Inventory/Inventory": {"pk": {"S": "product#garbage"}},
    "Payment/Payments": {"order_id": {"S": "garbage"}},
    "Notify/Notifications": {"pk": {"S": "garbage"}},
}
KEYS = ("pk", "order_id")


@pytest.fixture
def since_redeployed(shop: RunningShop) -> Iterator[Recorded]:
    """What is used with a sender of e-mails and a webhook, and while the storefront is published for another
    environment."""
    recorded = Recorded(shop.stack)
    recorded.news()  # of other tests
    shop.aws("sesv2").create_email_identity(EmailIdentity=SENDER)
    stale = {"Bucket": shop.table("Web/Site"), "Key": "stale.txt"}
    shop.aws("s3").put_object(**stale, Body=b"of no version")
    with receiver() as server:
        redeploy(shop, SenderEmail=SENDER, WebhookUrl=server.url, Environment="sandbox")
        yield recorded
        clear(shop)
        until(lambda: quiet(shop), bool, "a quiet shop")  # nobody would take what is left for the webhook
        redeploy(shop, SenderEmail="", WebhookUrl="", Environment="local")


@pytest.mark.parametrize("checkout", ["STANDARD"], indirect=True)
def test_every_call_that_a_role_may_make_is_made(
    shop: RunningShop, customer: Person, operator: Person, checkout: str, since_redeployed: Recorded
) -> None:
    mug = shop.sells(stock=20, price=1000)
    shop.prices(mug, 1100)
    browse(customer, operator, mug)
    orders = buy_in_every_way(shop, customer, operator, mug)
    sell_a_hot_product(shop, customer, operator)
    break_and_heal(shop, operator)
    kill_a_checkout(shop, customer, operator, mug)
    poison_every_stream(shop)
    handle_dead_letters(shop, operator, letters(shop, mug, orders))

    held = grants_of(shop.stack)
    calls = reasons().calls() & set(held)
    left = set(calls)

    def unused() -> list[str]:
        used = since_redeployed.news()
        left.difference_update({grant for grant in left if any(fits(grant, use) for use in used)})
        return sorted(map(str, left))

    until(unused, lambda grants: not grants, "every permission used")
    assert len(calls) > 150
    assert [str(one.grant) for one in judged(held, since_redeployed.news(), reasons()).unused] == []


@contextmanager
def one_more(shop: RunningShop, role: str, action: str, resource: str) -> Iterator[None]:
    iam, name = shop.aws("iam"), shop.table(role)
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=name, PolicyName="planted", PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName="planted")


def test_a_permission_too_many_is_found(shop: RunningShop, desk: Desk) -> None:
    with one_more(shop, "Order/GetRole", "dynamodb:DeleteItem", "arn:aws:dynamodb:*:*:table/*"):
        code, said = desk.tries("permissions", "--unused")
    (found,) = said["permissions"]
    assert (code, found["role"], found["action"]) == (1, "Order/GetRole", "dynamodb:DeleteItem")
    assert desk.types("permissions", "--unused")["ok"]


def test_a_permission_too_few_is_found(shop: RunningShop, customer: Person, desk: Desk) -> None:
    order = customer.orders(shop.sells(stock=1))
    order.becomes("CONFIRMED")
    with without_permission(shop, "Order/GetRole", "dynamodb:GetItem"):
        assert customer.looks_at(order).status_code == 500
        code, said = desk.tries("permissions")
    (denied,) = said["denied"]
    assert (code, denied["role"], denied["action"], denied["resource"]) == (
        *(1, "Order/GetRole"),
        *("dynamodb:GetItem", "Order/Orders"),
    )
    assert desk.types("permissions")["ok"]


def fits(grant: Grant, use: Use) -> bool:
    return use.allowed and use.role == grant.role and grant.allows(use.action, use.resource)


def browse(customer: Person, operator: Person, mug: Goods) -> None:
    click = {
        "event_id": str(uuid.uuid4()),
        "session_id": str(uuid.uuid4()),
        "type": "view",
        "sku": mug.sku,
        "at": datetime.now(UTC).isoformat(),
    }
    assert customer.asks("POST", "clicks", json={"events": [click]}).status_code == 202
    for person, path in (
        *((customer, path) for path in ("products", f"products/{mug.sku}", "trending", "orders")),
        *((operator, path) for path in ("orders", "orders?needs=review")),
    ):
        assert person.asks("GET", path).status_code == 200


def buy_in_every_way(shop: RunningShop, customer: Person, operator: Person, mug: Goods) -> list[Order]:
    """Returns an order that was confirmed and cancelled, and one that was rejected."""
    with impatient_reviews(shop, 1):
        expired = customer.orders(mug, paying_with="pm_review")
        expired.becomes("AWAITING_REVIEW")
        expired.becomes("REJECTED", "review_expired")
    bought, declined, reviewed = (
        customer.orders(mug, paying_with=card) for card in ("pm_visa", "pm_declined", "pm_review")
    )
    bought.becomes("CONFIRMED")
    reviewed.becomes("AWAITING_REVIEW")
    assert operator.asks("GET", "orders?needs=review").json()["orders"]
    assert operator.reviews(reviewed, "approve").status_code == 202
    declined.becomes("REJECTED", "payment_declined")
    reviewed.becomes("CONFIRMED")
    assert customer.cancels(bought).status_code == 202
    assert bought.timeline
    return [bought, declined]


def sell_a_hot_product(shop: RunningShop, customer: Person, operator: Person) -> None:
    """Its units are in several rows. When they have become few, each movement looks at all of them."""
    hot = shop.sells(stock=6, shards=4)
    key = {"Idempotency-Key": "again"}
    answer = operator.asks("POST", f"products/{hot.sku}/restock", json={"quantity": 2}, headers=key)
    assert answer.status_code == 200, answer.text
    assert customer.asks("GET", f"products/{hot.sku}").json()["available"] == 8
    customer.orders(hot).becomes("CONFIRMED")


def break_and_heal(shop: RunningShop, operator: Person) -> None:
    assert operator.asks("GET", "operations/breaks").status_code == 200
    for name in ("email-consumer", "timeline-consumer"):
        for method in ("PUT", "DELETE"):
            until(lambda: operator.asks(method, f"operations/breaks/{name}").status_code, lambda it: it == 200, name)  # noqa: B023
    with seen_again_soon(shop, "Notify/EmailQueue"):
        assert operator.asks("PUT", "operations/breaks/poison-message").status_code == 200
        until(lambda: depth(operator, "Notify/EmailDeadLetters"), bool, "the poison set aside")
    clear(shop)  # it must not go back


def depth(operator: Person, place: str) -> int:
    listed = operator.asks("GET", "operations/dead-letters").json()["places"]
    found: int = next(one["messages"] for one in listed if one["place"] == place)
    return found


def kill_a_checkout(shop: RunningShop, customer: Person, operator: Person, mug: Goods) -> None:
    with throttled(shop, "Payment/Authorize"):
        order = customer.orders(mug)
        event_of(order, "StockReserved")
        assert operator.asks("PUT", "operations/breaks/kill-checkout").status_code == 200
    with set_otherwise(shop, "Order/Reconcile", {"CHECKOUT_LIMIT_SECONDS": "0"}):
        assert invoke(shop, "Order/Reconcile")["restarted"] == 1
        order.becomes("CONFIRMED")


def poison_every_stream(shop: RunningShop) -> None:
    dynamodb = shop.aws("dynamodb")
    for table, row in POISON.items():
        dynamodb.put_item(TableName=shop.table(table), Item={**row, **NONSENSE})
        key = {name: value for name, value in row.items() if name in KEYS}
        dynamodb.delete_item(TableName=shop.table(table), Key=key)
    shop.aws("kinesis").put_record(StreamName=shop.table("Clickstream/Clicks"), Data=b"no click", PartitionKey="x")
    send(broker.start(HOME), "shop.orders", b"no event", "key")


def letters(shop: RunningShop, mug: Goods, orders: list[Order]) -> dict[str, Event]:
    """Dead letters that go back to their queue, and change nothing there: events that it has had before."""
    bought, _declined = orders
    confirmed, cancelled, refunded = (
        event_of(bought, name) for name in ("OrderConfirmed", "OrderCancelled", "PaymentRefunded")
    )
    return {
        "Clickstream/PurchasesDeadLetters": confirmed,
        "KafkaService/BridgeDeadLetters": confirmed,
        "Notify/EmailDeadLetters": confirmed,
        "Notify/WebhookDeadLetters": confirmed,
        "Order/AttentionDeadLetters": refunded,
        "Order/CatalogueDeadLetters": first_price(shop, mug),
        "Order/TimelineDeadLetters": confirmed,
        "Payment/SettleDeadLetters": cancelled,
    }


def first_price(shop: RunningShop, mug: Goods) -> Event:
    known = shop.known(mug)
    assert known
    return {
        "source": "shop.inventory",
        "detail-type": "ProductUpdated",
        "detail": {
            "event_id": str(uuid.uuid4()),
            "version": 1,
            "occurred_at": "2026-01-01T00:00:00.000000Z",
            "correlation_id": mug.sku,
            "entity_version": 1,
            "data": {"sku": mug.sku, "name": "Old", "price": {"amount": 1, "currency": "USD"}},
        },
    }


def handle_dead_letters(shop: RunningShop, operator: Person, prepared: dict[str, Event]) -> None:
    places = {one["place"] for one in operator.asks("GET", "operations/dead-letters").json()["places"]}
    for place in places:
        lay(shop, place, json.dumps(prepared.get(place, "left for the operator to see")))

    def asked(method: str, suffix: str, which: set[str]) -> list[int]:
        with ThreadPoolExecutor(4) as pool:
            paths = [f"operations/dead-letters/{quote(place, safe='')}{suffix}" for place in sorted(which)]
            return [answer.status_code for answer in pool.map(lambda path: operator.asks(method, path), paths)]

    assert set(asked("GET", "", places)) == {200}
    # What cannot be sent back is left for the next try.
    with without_permission(shop, "Operators/RedriveRole", "sqs:SendMessage"):
        assert set(asked("POST", "/redrive", set(prepared))) == {500}
    assert set(asked("POST", "/redrive", set(prepared))) == {202}


def lay(shop: RunningShop, place: str, body: str) -> None:
    url = shop.table(place)
    in_order = (
        {"MessageGroupId": "letters", "MessageDeduplicationId": str(uuid.uuid4())} if url.endswith(".fifo") else {}
    )
    shop.aws("sqs").send_message(QueueUrl=url, MessageBody=body, **in_order)


def clear(shop: RunningShop) -> None:
    """Removes what the test has laid down, and what it has made the shop set aside."""
    for queue in shop.stack.resources.of_type("AWS::SQS::Queue"):
        if queue.path.endswith(("DeadLetters", "Failures")):
            shop.aws("sqs").purge_queue(QueueUrl=queue.id)
