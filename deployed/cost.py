"""An estimate of what an order cost: the operations that its events imply, at list prices.

Nothing is metered here. Each event of the timeline stands for the calls that this version of the shop makes for it, as
if no calls shared a batch. Each function run is assumed to last _RUN_SECONDS and to log _LOGGED_BYTES.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.types import Value
from deployed.checkouts import Checkouts
from deployed.front_door import Event, Order

PRICES = Path(__file__).parent / "data" / "prices.json"
NOT_COUNTED = "traces, the gateway's own fees, what an idle shop costs, and the free tier"
_RUN_SECONDS, _RUN_GB, _LOGGED_BYTES = 0.1, 0.5, 2000
_EXPRESS_GB, _EXPRESS_STEP_SECONDS = 64 / 1024, 0.1
_GB = 1024**3
_WRITE_UNIT_BYTES, _EVENT_UNIT_BYTES = 1024, 64 * 1024
_ENVELOPE_BYTES = 300
_SERVICES = {
    "api_gateway": "API Gateway",
    "dynamodb": "DynamoDB",
    "eventbridge": "EventBridge",
    "lambda": "Lambda",
    "logs": "Logs",
    "ses": "SES",
    "sns": "SNS",
    "sqs": "SQS",
    "step_functions": "Step Functions",
}
_UPDATES = {"OrderPlaced", "OrderHeldForReview", "OrderConfirmed", "OrderRejected", "OrderCancelled"}
_CLOSING = {"OrderRejected", "OrderCancelled"}
_ASKED_AT_THE_DOOR = {"OrderPlaced", "OrderReviewed", "OrderCancelled"}
_ASKED_BY_CHECKOUT = {
    *("StockReserved", "StockRejected", "PaymentAuthorized", "PaymentDeclined", "PaymentCaptured"),
    *("OrderHeldForReview", "OrderConfirmed", "OrderRejected"),
}
_ABOUT_MONEY_BACK = {"PaymentVoided", "PaymentRefunded", "PaymentSettlementFailed"}

type Use = Counter[str]
"""How much of what the price list sells, by the price's name."""


class Prices(Value):
    """US dollars per unit, without discounts and free tiers."""

    as_of: str
    region: str
    source: str
    usd: dict[str, float]


@dataclass(frozen=True)
class Estimate:
    """`by_service` is in dollars, highest first."""

    use: Use
    by_service: dict[str, float]
    prices: Prices

    @property
    def total(self) -> float:
        return sum(self.by_service.values())


def list_prices() -> Prices:
    return Prices.model_validate_json(PRICES.read_text())


def estimate(order: Order, events: Sequence[Event], checkouts: Checkouts, prices: Prices) -> Estimate:
    use: Use = Counter()
    for event in events:
        for part in _parts(event, order):
            use.update(part)
    use.update(_workflow(events, checkouts))
    by_service: Counter[str] = Counter()
    for name, amount in use.items():
        service = next(label for prefix, label in _SERVICES.items() if name.startswith(prefix))
        by_service[service] += amount * prices.usd[name]  # type: ignore[assignment]
    return Estimate(use, dict(by_service.most_common()), prices)


def _parts(event: Event, order: Order) -> Iterator[Use]:
    lines = len(order.lines)
    size = _ENVELOPE_BYTES + len(json.dumps(dict(event.data), ensure_ascii=False).encode())
    # The outbox, the bus and its archive, and the timeline, which receives every event of an order.
    yield _run()
    yield Counter(eventbridge_custom_event_64kb=math.ceil(size / _EVENT_UNIT_BYTES))
    yield _of("eventbridge_archive_gb", size / _GB)
    yield from _behind_a_queue()
    yield _written(size)
    if event.type in _ASKED_AT_THE_DOOR:
        yield Counter(api_gateway_rest_request=1)
        yield _run()
    if event.type in _ASKED_BY_CHECKOUT:
        yield _run()
    if event.source == "shop.order":
        yield from _of_an_order(event.type, order, lines)
    if event.source == "shop.payment":
        # One write for the intent and one for the response. Checkout and settlement read first.
        yield Counter(dynamodb_read_unit=1, dynamodb_write_unit=2)
    if event.type in {"StockReserved", "StockRejected"}:
        yield _transacted(1 + lines)
    if event.type in _ABOUT_MONEY_BACK:
        yield from _behind_a_queue()
        yield Counter(dynamodb_read_unit=1, dynamodb_write_unit=1)
    if event.source == "shop.notify":
        # Each channel has a queue, a write for the intent and a write for the outcome.
        yield Counter(sqs_fifo_request=3, dynamodb_read_unit=1, dynamodb_write_unit=2)
        yield _run()
    if event.type == "NotificationSent" and event.data.get("channel") == "email" and not event.data.get("kept"):
        yield Counter(ses_message=1)


def _of_an_order(type_: str, order: Order, lines: int) -> Iterator[Use]:
    row = _written(len(order.model_dump_json().encode()))
    if type_ == "OrderPlaced":
        # A read to find an earlier order, a price for each line, and three indexes that list the order.
        yield Counter(dynamodb_read_unit=1 + lines, dynamodb_write_unit=3)
        yield row
        yield Counter(dynamodb_read_unit=1)  # checkout asks whether to hold the order
        yield _run()
    else:
        yield Counter(dynamodb_read_unit=1)
        yield row
    if type_ in {*_CLOSING, "OrderConfirmed"}:
        yield Counter(dynamodb_write_unit=1)  # removes it from the index of open orders
        # Stock follows through the stream.
        yield _run()
        yield Counter(dynamodb_read_unit=1)
        yield _transacted(1 + lines)
    if type_ == "OrderConfirmed":
        # Purchases: one row, which is read first.
        yield from _behind_a_queue()
        yield Counter(dynamodb_read_unit=1, dynamodb_write_unit=1)
    if type_ in _CLOSING:
        yield from _behind_a_queue()
        yield Counter(dynamodb_read_unit=1, dynamodb_write_unit=1)  # the settlement's tombstone
    if type_ in _UPDATES:
        yield Counter(sns_request=1)


def _workflow(events: Sequence[Event], checkouts: Checkouts) -> Use:
    """Counts the transitions of the checkouts that were found. If no history exists, counts the start and one step for
    each result in the timeline."""
    steps = sum(event.type in _ASKED_BY_CHECKOUT for event in events)
    if checkouts.express:
        seconds = math.ceil(steps * _RUN_SECONDS / _EXPRESS_STEP_SECONDS) * _EXPRESS_STEP_SECONDS
        lasted = _of("step_functions_express_gb_second", seconds * _EXPRESS_GB)
        return Counter(step_functions_express_request=1) + lasted
    transitions = sum(run.transitions for run in checkouts.runs) or steps + 1
    return Counter(step_functions_standard_transition=transitions)


def _run() -> Use:
    """One run of a function."""
    return (
        Counter(lambda_request=1)
        + _of("lambda_arm64_gb_second", _RUN_GB * _RUN_SECONDS)
        + _of("logs_gb", _LOGGED_BYTES / _GB)
    )


def _behind_a_queue() -> Iterator[Use]:
    """A consumer behind a queue: send, receive, delete and its run."""
    yield Counter(sqs_request=3)
    yield _run()


def _written(size: int) -> Use:
    return Counter(dynamodb_write_unit=math.ceil(size / _WRITE_UNIT_BYTES))


def _transacted(rows: int) -> Use:
    """Returns the use in a transaction, where each operation counts twice."""
    return Counter(dynamodb_write_unit=2 * rows)


def _of(name: str, amount: float) -> Use:
    """Returns a fraction of a unit. Counters can hold fractions, although their type allows only integers."""
    part: Use = Counter()
    part[name] = amount  # type: ignore[assignment]
    return part
