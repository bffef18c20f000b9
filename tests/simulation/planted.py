"""Deliberate bugs: each edits the source of one real function for the duration of a test that must notice it."""

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from types import FunctionType
from typing import Any
from unittest.mock import patch

from contracts import envelope
from inventory import domain as inventory
from inventory import store as inventory_store
from order import domain as order
from order import events as order_events
from payment import domain as payment
from shopkit import bus, optimistic
from tests.simulation.deployment import deployment
from tests.simulation.stories import CHECKOUT
from tests.support.deliveries import sqs_record

# Checkout's catch-all in a naive version: give the money back at once, then reject.
_SETTLEMENT = """{% $string({
  'source': 'shop.order', 'detail-type': 'OrderRejected',
  'detail': $merge([$states.context.Execution.Input.detail, {
    'data': $merge([$states.context.Execution.Input.detail.data, {'reason': 'checkout_failed'}])}])}) %}"""


@dataclass(frozen=True)
class Bug:
    """`plant` is in force within its context."""

    name: str
    plant: Callable[[], AbstractContextManager[None]]


@contextmanager
def edited(function: Any, old: str, new: str) -> Iterator[None]:
    """Returns the function with `old` replaced in its source, wherever it was imported. Raises ValueError unless `old`
    occurs exactly once: otherwise the code has changed, and the bug must be adapted."""
    if isinstance(function, property):
        function = function.fget
    assert isinstance(function, FunctionType)
    source = textwrap.dedent(inspect.getsource(function))
    if source.count(old) != 1:
        raise ValueError(f"{function.__qualname__} has {source.count(old)} times {old!r}")
    names: dict[str, Any] = {}
    exec(
        compile(source.replace(old, new).removeprefix("@property\n"), function.__code__.co_filename, "exec"),
        function.__globals__,
        names,
    )
    right = function.__code__
    function.__code__ = names[function.__name__].__code__
    try:
        yield
    finally:
        function.__code__ = right


def edit(function: Any, old: str, new: str) -> Callable[[], AbstractContextManager[None]]:
    return lambda: edited(function, old, new)


@contextmanager
def checkout_that_compensates() -> Iterator[None]:
    definition = deepcopy(deployment().machines[CHECKOUT])
    states = definition["States"]
    states["Settle first"] = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {
            "FunctionName": "Payment.Settle",
            "Payload": {"Records": [sqs_record(_SETTLEMENT, "1")]},
        },
        "Next": "Reject order",
    }
    for state in states.values():
        for catcher in state.get("Catch", []):
            if catcher["Next"] == "Reject order":
                catcher["Next"] = "Settle first"
    with patch.dict(deployment().machines, {CHECKOUT: definition}):
        yield


BUGS = [
    Bug(
        "the order's write has lost its condition",
        edit(optimistic.put_row, 'f"{counter} = :seen"', 'f"attribute_exists({counter})"'),
    ),
    Bug(
        "any order may be confirmed",
        edit(order.confirm, "allowed={OrderStatus.PLACED}", "allowed=set(OrderStatus)"),
    ),
    Bug(
        "a confirmed order may be rejected",
        edit(order.reject, "allowed={OrderStatus.PLACED}", "allowed={OrderStatus.PLACED, OrderStatus.CONFIRMED}"),
    ),
    Bug(
        "the reconciler never gives up",
        edit(order.reconciled, "order.restarts >= limits.restarts", "False"),
    ),
    Bug(
        "a restart has a fresh event id",
        edit(
            order_events._envelop, "entity_version=order.version", "entity_version=order.version + 10 * order.restarts"
        ),
    ),
    Bug("checkout compensates before the closing write", checkout_that_compensates),
    Bug("settle leaves no tombstone", edit(payment.close, "closed=now", "updated_at=now")),
    Bug("a payment's tombstone is not looked at", edit(payment._require_open, "if payment.closed:", "if False:")),
    Bug(
        "each attempt has a fresh gateway key",
        edit(payment.gateway_key, "{order_id}:{operation}", "{order_id}:{operation}:{__import__('uuid').uuid4()}"),
    ),
    Bug(
        "capture leaves no intent",
        edit(payment.intend_capture, "return _intending(payment, Operation.CAPTURE, now)", "return payment"),
    ),
    Bug(
        "settle does not ask again what was never answered",
        edit(
            vars(payment.Payment)["unanswered"],
            "for op in Operation if",
            "for op in (Operation.VOID, Operation.REFUND) if",
        ),
    ),
    Bug(
        "reserve does not look at the recorded decision",
        edit(inventory_store._put, '"attribute_not_exists(pk)"', '"attribute_not_exists(pk) OR attribute_exists(pk)"'),
    ),
    Bug(
        "reserve takes what is not there",
        edit(
            inventory_store._movement,
            "for name, by in moved.items() if by < 0]",
            "for name, by in moved.items() if by < -99]",
        ),
    ),
    Bug("release leaves no tombstone", edit(inventory.followed, "(tombstone, _RELEASE) if closed else None", "None")),
    Bug(
        "a released reservation can be committed",
        edit(
            inventory.followed,
            "case ReservationStatus.RESERVED if status is OrderStatus.CONFIRMED",
            "case ReservationStatus.RESERVED | ReservationStatus.RELEASED if status is OrderStatus.CONFIRMED",
        ),
    ),
    Bug(
        "the relay does not look at FailedEntryCount", edit(bus.publish, 'if answer["FailedEntryCount"]:', "if False:")
    ),
    Bug(
        "every publication has a fresh event id",
        edit(envelope.event_id, "uuid5(_NAMESPACE, ", "__import__('uuid').uuid4() or uuid5(_NAMESPACE, "),
    ),
]
