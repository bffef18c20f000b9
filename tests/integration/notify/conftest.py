"""A shop's user pool, the notifications table, the webhook's secret and SES on moto, and order events as the queues
deliver them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from contracts.envelope import Envelope, EventData, envelop
from contracts.order import OrderConfirmed, OrderPlaced
from contracts.types import Money, OrderLine
from notify import email, webhook
from shopkit.dynamodb import from_item
from shopkit.types import LambdaHandler
from tests.support.deliveries import returned, sqs_event
from tests.support.tables import create_tables

NOW = datetime(2024, 5, 17, 10, 0, tzinfo=UTC)
SENDER = "shop@example.com"
# 48 letters and digits, as the template has it.
SECRET = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKl"
LINES = (OrderLine(sku="tea", quantity=2, name="Tea", unit_price=Money(amount=500)),)


@dataclass(frozen=True)
class Surroundings:
    """The services around the notify service, as a test sees them."""

    user_pool_id: str
    table: str
    secret: str

    def customer(self, address: str, *, verified: bool = True) -> str:
        """A new customer's id: the `sub` of their tokens."""
        attributes: Any = [
            {"Name": "email", "Value": address},
            {"Name": "email_verified", "Value": "true" if verified else "false"},
        ]
        pool = boto3.client("cognito-idp")
        user = pool.admin_create_user(UserPoolId=self.user_pool_id, Username=address, UserAttributes=attributes)["User"]
        return user["Username"]

    def mails(self) -> list[Any]:
        """What SES sent."""
        return list(ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages)

    def notifications(self) -> list[dict[str, Any]]:
        return [from_item(item) for item in boto3.client("dynamodb").scan(TableName=self.table)["Items"]]


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    with mock_aws():
        pool = boto3.client("cognito-idp").create_user_pool(PoolName="shop", UsernameAttributes=["email"])
        table = create_tables("notify")["Notifications"]
        monkeypatch.setenv("NOTIFICATIONS_TABLE", table)
        monkeypatch.setenv("USER_POOL_ID", pool["UserPool"]["Id"])
        monkeypatch.setenv("SENDER_EMAIL", "")
        monkeypatch.setenv("ATTEMPTS", "3")
        secret = boto3.client("secretsmanager").create_secret(Name="webhook", SecretString=SECRET)["ARN"]
        monkeypatch.setenv("WEBHOOK_SECRET_ARN", secret)
        yield Surroundings(pool["UserPool"]["Id"], table, secret)


@pytest.fixture
def verified_sender(shop: Surroundings, monkeypatch: pytest.MonkeyPatch) -> str:
    del shop  # it makes the SES that this address is verified in
    boto3.client("ses").verify_email_identity(EmailAddress=SENDER)
    monkeypatch.setenv("SENDER_EMAIL", SENDER)
    return SENDER


def placed(customer_id: str, order_id: str = "ord_1") -> Envelope[Any]:
    common: dict[str, Any] = {"order_id": order_id, "customer_id": customer_id, "total": Money(amount=1000)}
    return _event(OrderPlaced(**common, lines=LINES, payment_method="pm_visa", placed_at=NOW), order_id, version=1)


def confirmed(customer_id: str, order_id: str = "ord_1") -> Envelope[Any]:
    common: dict[str, Any] = {"order_id": order_id, "customer_id": customer_id, "total": Money(amount=1000)}
    return _event(OrderConfirmed(**common, lines=LINES), order_id, version=2)


def _event(data: EventData, order_id: str, version: int) -> Envelope[Any]:
    return envelop(data, entity_id=order_id, entity_version=version, occurred_at=NOW, correlation_id=order_id)


def deliver(*events: Envelope[Any], attempt: int = 1, to: LambdaHandler = email.handler) -> list[str]:
    """Hands a batch to the function; answers the ids of the events that go back to the queue."""
    return returned(to(sqs_event(*events, attempt=attempt, fifo=True), None))


def post(*events: Envelope[Any], attempt: int = 1) -> list[str]:
    """The same for the webhook."""
    return deliver(*events, attempt=attempt, to=webhook.handler)
