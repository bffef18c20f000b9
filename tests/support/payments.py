"""The payment service's functions with tables on moto, called as checkout and the settlement queue call them."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from moto import mock_aws

from contracts.envelope import Envelope, EventData, envelop
from contracts.order import OrderCancelled, OrderRejected
from contracts.types import Money
from payment import authorize, capture, settle, store
from payment.domain import Operation, Payment
from payment.events import events_of
from payment.gateway import GatewayTimeout, GatewayUnavailable
from payment.sandbox_gateway import Charge
from shopkit.aws import client
from shopkit.dynamodb import from_item
from shopkit.optimistic import Contended
from shopkit.streams import change_of
from tests.support.deliveries import sqs_event
from tests.support.tables import create_tables, stream_records

ORDER = "ord_1"
TOTAL = Money(amount=4200)
SETTLE_ATTEMPTS = 3
RECORD_FIRST_FROM, MAX_RECEIVE_COUNT = 5, 10
# More than checkout needs for any payment method.
RETRIES = 5


class Service:
    """Use it inside `payment_service()`."""

    def __init__(self, payments: str, ledger: str) -> None:
        self._payments, self._ledger = payments, ledger

    def authorize(self, method: str = "pm_visa", order_id: str = ORDER, *, needs_review: bool = False) -> Any:
        wanted = {"order_id": order_id, "amount": TOTAL.model_dump(), "payment_method": method}
        return authorize.handler({**wanted, "needs_review": needs_review}, None)

    def capture(self, order_id: str = ORDER) -> Any:
        return capture.handler({"order_id": order_id}, None)

    def deliver(
        self, event: type[OrderRejected | OrderCancelled] = OrderRejected, *, attempt: int = 1, order_id: str = ORDER
    ) -> bool:
        """Makes one delivery of the order's closing event. Returns whether the message is done."""
        return not settle.handler(sqs_event(closing(event, order_id), attempt=attempt), None)["batchItemFailures"]

    def settle_from_queue(self, order_id: str = ORDER) -> bool:
        """Delivers until one delivery succeeds. Returns whether that was before the message became a dead letter."""
        return any(self.deliver(attempt=attempt, order_id=order_id) for attempt in range(1, MAX_RECEIVE_COUNT + 1))

    def payment(self, order_id: str = ORDER) -> Payment | None:
        return store.find(order_id)

    def charge(self, order_id: str = ORDER) -> Charge | None:
        """Returns the charge in the gateway's own ledger."""
        key = {"order_id": {"S": order_id}}
        item = client("dynamodb").get_item(TableName=self._ledger, Key=key).get("Item")
        return Charge.model_validate(from_item(item)) if item else None

    def events(self, order_id: str = ORDER) -> list[Envelope[Any]]:
        """Returns the events that the relay publishes for everything that happened to the payment."""
        return self.events_by_order().get(order_id, [])

    def events_by_order(self) -> dict[str, list[Envelope[Any]]]:
        events: dict[str, list[Envelope[Any]]] = {}
        for change in map(change_of, stream_records(self._payments)):
            for event in events_of(change.old, change.new):
                events.setdefault(event.correlation_id, []).append(event)
        return events

    def event_types(self, order_id: str = ORDER) -> list[str]:
        return [event.type for event in self.events(order_id)]


@contextmanager
def payment_service() -> Iterator[Service]:
    with mock_aws():
        names = create_tables("payment")
        environment = {
            "PAYMENTS_TABLE": names["Payments"],
            "LEDGER_TABLE": names["SandboxLedger"],
            "SETTLE_ATTEMPTS": str(SETTLE_ATTEMPTS),
            "RECORD_FIRST_FROM": str(RECORD_FIRST_FROM),
        }
        with patch.dict(os.environ, environment):
            yield Service(names["Payments"], names["SandboxLedger"])


def closing(event: type[OrderRejected | OrderCancelled], order_id: str) -> Envelope[EventData]:
    return envelop(
        event(order_id=order_id, customer_id="customer", total=TOTAL, reason="tests"),
        entity_id=order_id,
        entity_version=2,
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        correlation_id=order_id,
    )


def retrying(call: Callable[[], Any]) -> Any:
    """Retries transient errors as checkout does."""
    for _ in range(RETRIES):
        with suppress(GatewayUnavailable, GatewayTimeout, Contended):
            return call()
    return call()


def key(operation: Operation, order_id: str = ORDER) -> str:
    return f"{order_id}:{operation}"
