"""An inventory on moto, and hands to put between it and DynamoDB."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shopkit.aws import client
from tests.support.inventory import Inventory, inventory_on_moto

type Before = Callable[[str, Callable[[], Any]], None]


@pytest.fixture
def inventory() -> Iterator[Inventory]:
    with inventory_on_moto() as inventory:
        yield inventory


@pytest.fixture
def before() -> Iterator[Before]:
    """`before("PutItem", act)`: what somebody else does just before the service's next call of that kind. What `act`
    answers, if anything, is answered instead of DynamoDB."""
    registered: list[tuple[str, Any]] = []

    def register(operation: str, act: Callable[[], Any]) -> None:
        pending = [act]
        event = f"before-call.dynamodb.{operation}"

        def once(**_: Any) -> Any:
            return pending.pop()() if pending else None

        client("dynamodb").meta.events.register(event, once)
        registered.append((event, once))

    yield register
    for event, handler in registered:
        client("dynamodb").meta.events.unregister(event, handler)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for, in seconds, none of them taken."""
    taken: list[float] = []
    monkeypatch.setattr("shopkit.backoff.time.sleep", taken.append)
    return taken


class Status:
    """As much of an HTTP response as botocore looks at."""

    def __init__(self, code: int) -> None:
        self.status_code = code


def conflict(*codes: str) -> tuple[Status, dict[str, Any]]:
    """A transaction's refusal, with why each of its actions failed."""
    return Status(400), {
        "Error": {"Code": "TransactionCanceledException", "Message": "Transaction cancelled"},
        "CancellationReasons": [{"Code": code} for code in codes],
        "ResponseMetadata": {},
    }


def single_conflict() -> tuple[Status, dict[str, Any]]:
    """The refusal of a single write that meets a transaction."""
    return Status(400), {
        "Error": {"Code": "TransactionConflictException", "Message": "Transaction is ongoing for the item"},
        "ResponseMetadata": {},
    }
