"""Where an experiment runs: its product, its orders, what is done to them, and what is seen of them."""

import json
import re
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.orders_stream import OrderStatus
from contracts.types import Goods as Line
from deployed import bus
from deployed.dead_letters.places import Place as LettersPlace
from deployed.dead_letters.places import place_named, places_of
from deployed.dead_letters.redrive import redrive
from deployed.errors import CommandError
from deployed.experiments import model
from deployed.experiments.breaks import Breaks
from deployed.experiments.poison import poison
from deployed.front_door import EXAMPLE_ADDRESS, FrontDoor, Order
from deployed.queue_depth import attributes_of, depth_in
from deployed.settlement import settle_again
from deployed.stack import Stack

OPEN = {OrderStatus.PLACED, OrderStatus.AWAITING_REVIEW}
PATIENCE_SECONDS = 180
POLL_SECONDS = 0.3


class NotAsExpected(CommandError):
    """Something that the experiment expects did not come about."""


@dataclass
class Lab:
    stack: Stack
    customer: FrontDoor
    operator: FrontDoor
    sku: str = field(default_factory=lambda: f"EXPERIMENT-{uuid.uuid4().hex[:8]}")
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    orders: dict[model.Name, str] = field(default_factory=dict)
    """The orders' ids by what the experiment calls them."""

    @property
    def breaks(self) -> Breaks:
        return Breaks(self.stack)

    def stock_up(self, goods: model.Goods) -> None:
        self._price(goods.price)
        self.operator.restock(self.sku, goods.stock, key=self.sku)
        self.until(model.Known(known_price=goods.price))

    def do(self, deed: model.Deed) -> None:  # noqa: C901 - one line for each kind
        match deed:
            case model.Place():
                self._place(deed)
            case model.Cancel():
                self.customer.cancel(self.orders[deed.cancel])
            case model.Review():
                self.operator.review(self.orders[deed.review], deed.decision)
            case model.Settle():
                settle_again(self.stack, self.orders[deed.settle])
            case model.Price():
                self._price(deed.price)
            case model.Click():
                self._click(deed.views)
            case model.Poison():
                poison(self.stack, deed)
            case model.Redrive():
                self._redrive(deed.redrive)
            case model.Drop():
                self._drop(deed.drop)
            case model.Replay():
                self._replay(deed.replay)
            case model.Reconcile():
                self.stack.client("lambda").invoke(FunctionName=self.stack.resources[deed.run], Payload=b"{}")
            case model.StopCheckout():
                self._stop_checkout(self.orders[deed.stop_checkout])

    def until(self, condition: model.Condition) -> None:
        """Waits for the condition. Raises NotAsExpected."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := self.see(condition)) is not True:
            if time.monotonic() > deadline:
                raise NotAsExpected(f"Expected {_named(condition)}, found {found} after {PATIENCE_SECONDS} s.")
            time.sleep(POLL_SECONDS)

    def check(self, condition: model.Condition) -> None:
        """Raises NotAsExpected if the condition does not hold now."""
        if (found := self.see(condition)) is not True:
            raise NotAsExpected(f"Expected {_named(condition)}, found {found}.")

    def see(self, condition: model.Condition) -> Any:  # noqa: PLR0911 - one for each kind
        """Returns True, or what was found instead."""
        match condition:
            case model.OrderIs() | model.OrderTold() | model.NeedsAttention() | model.Mailed():
                return self._see_order(condition)
            case model.Exactly():
                statuses = [self._order(name).status for name in self.orders]
                right = statuses.count(condition.status) == condition.orders and not OPEN.intersection(statuses)
                return _or(right, sorted(statuses))
            case model.Waiting():
                depth = depth_in(attributes_of(self.stack.client("sqs"), self.stack.resources[condition.waiting]))
                return _or(depth >= condition.at_least, depth)
            case model.DeadLetters():
                depth = self._place_of(condition.dead_letters).depth()
                return _or(depth == condition.count, depth)
            case model.Stock():
                available = next(one.available for one in self.operator.products() if one.sku == self.sku)
                return _or(available == condition.available, available)
            case model.Known():
                price = self._known_price()
                return _or(price == condition.known_price, price)
            case model.Viewed():
                views = sum(trend.views for trend in self.operator.trending(None) if trend.sku == self.sku)
                return _or(views == condition.trending_views, views)

    def _see_order(self, condition: model.OrderIs | model.OrderTold | model.NeedsAttention | model.Mailed) -> Any:
        match condition:
            case model.OrderIs():
                order = self._order(condition.order)
                right = order.status == condition.status or (condition.status == "CLOSED" and order.status not in OPEN)
                return _or((right and condition.reason in {None, order.reason}), f"{order.status} {order.reason or ''}")
            case model.OrderTold():
                told = [event.type for event in self.operator.timeline(self.orders[condition.order])]
                return _or((condition.event in told) == condition.told, told)
            case model.NeedsAttention():
                found = self._order(condition.attention).attention
                return _or((found is not None) == condition.needed, found)
            case model.Mailed():
                mails = self._mails(self.orders[condition.about])
                return _or(mails == condition.mails, mails)

    def _place(self, deed: model.Place) -> None:
        for number in range(deed.count):
            name = deed.order if deed.count == 1 else f"{deed.order} {number + 1}"
            placed, _ = self.customer.place(
                [Line(sku=self.sku, quantity=deed.quantity)],
                payment_method=deed.card,
                shipping_address=EXAMPLE_ADDRESS,
                key=uuid.uuid4().hex,
            )
            self.orders[name] = placed.order_id

    def _order(self, name: model.Name) -> Order:
        return self.operator.order(self.orders[name])

    def _price(self, cents: int) -> None:
        price = {"amount": cents, "currency": "USD"}
        product = {"name": "An experiment's product", "description": "Made by ./shop experiment", "price": price}
        self.operator.put_product(self.sku, {**product, "image": "/images/experiment.svg"})

    def _known_price(self) -> int | None:
        key = {"pk": {"S": f"product#{self.sku}"}}
        found = self.stack.client("dynamodb").get_item(TableName=self.stack.resources["Order/Orders"], Key=key)
        return int(found["Item"]["price"]["M"]["amount"]["N"]) if "Item" in found else None

    def _click(self, views: int) -> None:
        session = uuid.uuid4().hex
        now = datetime.now(UTC).isoformat()
        events = [
            {"event_id": uuid.uuid4().hex, "session_id": session, "type": "view", "sku": self.sku, "at": now}
            for _ in range(views)
        ]
        for _ in range(2):
            self.customer.collect(events)

    def _mails(self, order_id: str) -> tuple[str, ...]:
        told = self.operator.timeline(order_id)
        return tuple(event.data["about"] for event in told if event.type == "NotificationSent")

    def _place_of(self, name: str) -> LettersPlace:
        return place_named(places_of(self.stack), name)

    def _redrive(self, name: str) -> None:
        if failed := [outcome for outcome in redrive(self._place_of(name)) if outcome.problem]:
            raise NotAsExpected(f"A letter of {name} did not go back: {failed[0].problem}")

    def _drop(self, name: str) -> None:
        place = self._place_of(name)
        with closing(place.letters()) as letters:
            for letter in letters:
                place.remove(letter)

    def _replay(self, minutes: int) -> None:
        until = datetime.now(UTC)
        archive = bus.archive_of(self.stack)
        rules = [rule for rule in bus.rules_of(self.stack) if not rule.tells_people]
        since = max(archive.began, until - timedelta(minutes=minutes))
        bus.replay(self.stack, archive, since=since, until=until, rules=rules)

    def _stop_checkout(self, order_id: str) -> None:
        states = self.stack.client("stepfunctions")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            running = states.list_executions(
                stateMachineArn=self.stack.resources["Workflows/Checkout"], statusFilter="RUNNING"
            )["executions"]
            for arn in (one["executionArn"] for one in running):
                if order_id in states.describe_execution(executionArn=arn)["input"]:
                    states.stop_execution(executionArn=arn, cause="an experiment")
                    return
            time.sleep(POLL_SECONDS)
        raise NotAsExpected(f"No checkout of {order_id} was running.")


def _or(right: bool, found: Any) -> Any:
    return True if right else found


def _named(condition: model.Condition) -> str:
    kind = re.sub(r"(?<!^)(?=[A-Z])", " ", type(condition).__name__).lower()
    return f"{kind} {json.dumps(condition.model_dump(mode='json', exclude_none=True))}"


def run(lab: Lab, experiment: model.Experiment, tell: Callable[[str], None]) -> None:
    """Carries the experiment out. Whatever happens, everything is healed at the end. Raises NotAsExpected, and
    CommandError if the shop cannot be reached."""
    try:
        lab.stock_up(experiment.product)
        for step in experiment.steps:
            tell(step.say)
            _take(lab, step)
    finally:
        lab.breaks.heal()


def _take(lab: Lab, step: model.Step) -> None:
    for wanted in step.breaks or ():
        lab.breaks.make(wanted)
    for deed in step.does or ():
        lab.do(deed)
    for condition in step.waits or ():
        lab.until(condition)
    for condition in step.holds or ():
        lab.check(condition)
    if step.heals:
        lab.breaks.heal()


def missing(stack: Stack, needs: str | None) -> str | None:
    """Returns why the experiment cannot run on this stack, or None."""
    there: dict[str, tuple[bool, str]] = {
        "kafka": (
            any(path.startswith("KafkaService/") for path in stack.resources),
            "it needs Kafka: make run KAFKA=1",
        ),
        "clickstream": ("Clickstream/Clicks" in stack.resources, "it needs the clickstream: ClickstreamMode"),
        "standard": (_checkout_type(stack) == "STANDARD", "it needs CheckoutType=STANDARD"),
    }
    met, why = there[needs] if needs else (True, "")
    return None if met else why


def _checkout_type(stack: Stack) -> str:
    machine = stack.client("stepfunctions").describe_state_machine(
        stateMachineArn=stack.resources["Workflows/Checkout"]
    )
    return str(machine["type"])
