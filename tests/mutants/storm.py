"""A storm: several orders at once in the simulated shop, while a seeded plan makes calls, deliveries and messages fail.

It is `./shop chaos` without AWS: the same plan, on the simulation's boundary. Here the seed also decides who takes the
next turn, so that the same seed is the same run.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

from audit.evidence import Order
from deployed.faults import Course, Fault, Kind, Operation, Plan, Spell
from tests.simulation.channels import QueueReader, StreamReader
from tests.simulation.crowd import Crowd
from tests.simulation.invocation import Invocation, Outcome
from tests.simulation.people import People
from tests.simulation.races import crowd_in
from tests.simulation.simulation import Simulation, Trigger, new_simulation
from tests.simulation.small_aws import Answer, Call, Perform
from tests.simulation.small_dynamodb import Refusal
from tests.simulation.verdict import evidence_of, faults
from tests.support.interleaving import Died

METHODS = ["pm_visa"] * 5 + [
    "pm_timeout",
    "pm_flaky",
    "pm_capture_fails",
    "pm_declined",
    "pm_review",
    "pm_settle_fails",
]
_ORDERS, _STEPS, _ROUNDS = 4, 6_000, 14
_SENT_TWICE = 0.5
_A_WHILE = timedelta(minutes=11)


# What people begin at the same time.
type _Errand = list[tuple[str, Callable[[], object]]]


@dataclass
class Storm:
    """`wrong` is every violation. `calm` ends the faults."""

    seed: int
    rate: float = 0.05
    wrong: list[str] = field(default_factory=list)
    calm: bool = False

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)
        self.course = Course(Plan(self.seed, 0.0, (Spell(self.rate, until=1.0),)))

    def draw(self, operation: Operation) -> Fault | None:
        return None if self.calm else self.course.next(operation, now=0.0)


def storm(seed: int, rate: float = 0.05) -> list[str]:
    """Runs the storm of this seed, heals the shop, and returns every violation."""
    weather = Storm(seed, rate)
    with new_simulation() as shop, crowd_in(shop) as crowd, _stormy(shop, weather):
        people = People(shop)
        with _pause(weather):
            people.stock(MUG=3, TEE=1)
        placed = _shopping(shop, crowd, people, weather)
        weather.calm = True
        try:
            _heal(shop, people)
        except AssertionError as restless:
            return [str(restless)]
        known = evidence_of(shop).orders
        gone = [f"{order_id} was accepted, and is not there" for order_id in placed if order_id not in known]
        return [*gone, *people.noticed, *weather.wrong, *faults(shop)]


@contextmanager
def _pause(weather: Storm) -> Iterator[None]:
    weather.calm = True
    yield
    weather.calm = False


@contextmanager
def _stormy(shop: Simulation, weather: Storm) -> Iterator[None]:
    """Puts the faults between functions and AWS, inside of the crowd's turns, and at the bus."""
    taking_turns, deliver = shop.aws.boundary, shop.deliver

    def boundary(call: Call, perform: Perform) -> Answer:
        return taking_turns(call, lambda: _suffered(weather, call, perform))

    def deliver_perhaps_twice(event: Any) -> None:
        deliver(event)
        if weather.draw(Operation("delivery", "events", event["detail-type"])):
            deliver(event)

    shop.aws.boundary = boundary
    shop.deliver = deliver_perhaps_twice  # type: ignore[method-assign]
    yield


def _suffered(weather: Storm, call: Call, perform: Perform) -> Answer:
    fault = weather.draw(Operation("call", call.service, call.operation))
    if fault is None or fault.kind is Kind.DELAY:  # who takes the next turn is random anyway
        return perform()
    if fault.kind is Kind.LOST or fault.after:
        answer = perform()
        if not fault.stubborn and fault.kind is Kind.LOST and call.operation in ("PutItem", "UpdateItem", "PutEvents"):
            return perform()  # repeated by the SDK
        del answer
    if fault.kind is Kind.KILL:
        raise Died
    if fault.kind is Kind.THROTTLE and call.operation == "PutEvents":
        entries = [{"ErrorCode": "ThrottlingException"} for _ in call.parameters["Entries"]]
        return {"FailedEntryCount": len(entries), "Entries": entries}
    raise Refusal("ThrottlingException" if fault.kind is Kind.THROTTLE else "InternalServerError")


def _shopping(shop: Simulation, crowd: Crowd, people: People, weather: Storm) -> list[str]:
    """Everything at once, until nothing is left to do. Returns the accepted orders."""
    chance, placed = weather.chance, list[str]()
    todo = _errands(people, chance, placed)
    speeds: dict[str, float] = {}
    for _ in range(_STEPS):
        if todo and (chance.random() < 0.04 or not (crowd.busy or shop.ready())):
            for label, act in todo.pop(0):
                crowd.ask(label, act)
        busy, ready = list(crowd.busy), shop.ready()
        if not busy and not ready and not todo:
            return placed
        labels = [*map(str, busy), *(trigger.label for trigger in ready)]
        weights = [speeds.setdefault(label, chance.choice([0.1, 1, 1, 8])) for label in labels]
        if not labels:
            continue
        (chosen,) = chance.choices(range(len(labels)), weights)
        if chosen < len(busy):
            crowd.take_turn(busy[chosen])
        else:
            _begin(ready[chosen - len(busy)], crowd, weather)
    return placed


@dataclass(frozen=True)
class _Purchase:
    key: str
    sku: str
    method: str
    units: int


def _errands(people: People, chance: Random, placed: list[str]) -> list[_Errand]:
    """Orders, sent twice at once by impatient clients, cancelled and reviewed; new prices; a restock."""

    def buys(one: _Purchase) -> None:
        placed.append(people.place(one.method, (one.sku, one.units), key=one.key))

    def cancels() -> None:
        if placed:
            people.cancel(chance.choice(placed))

    def reviews() -> None:
        if placed:
            people.review(chance.choice(placed), chance.choice(["approve", "reject"]))

    purchases = [
        _Purchase(f"key-{number}", chance.choice(["MUG", "TEE"]), chance.choice(METHODS), chance.randint(1, 2))
        for number in range(_ORDERS)
    ]
    bought: list[_Errand] = [
        [(f"buys {one.key}", partial(buys, one)), (f"buys {one.key} again", partial(buys, one))]
        if chance.random() < _SENT_TWICE
        else [(f"buys {one.key}", partial(buys, one))]
        for one in purchases
    ]
    others: list[_Errand] = [
        *bought[1:],
        [("cancels", cancels)],
        [("cancels too", cancels)],
        [("reviews", reviews)],
        [("prices", partial(people.upsert, "MUG", 1451))],
        [("prices anew", partial(people.upsert, "MUG", 1452))],
        [("prices again", partial(people.upsert, "MUG", 1453))],
        [("restocks", partial(people.restock, "TEE", 2, "more"))],
    ]
    chance.shuffle(others)
    return [bought[0], *others]


def _begin(trigger: Trigger, crowd: Crowd, weather: Storm) -> None:
    """Starts what a trigger has to do, and sometimes has a batch delivered twice: a queue's at the same time, a
    stream's one after the other."""
    chance = weather.chance
    if isinstance(trigger, StreamReader):
        invocation = trigger.begin(chance.randint(1, 3))
        if weather.draw(Operation("batch", "dynamodb", trigger.function.module)):
            crowd.shop.run(Invocation(invocation.function, invocation.event, _forgotten))
    elif isinstance(trigger, QueueReader):
        invocation = trigger.begin(chance.randint(1, 2), first=chance.randrange(len(trigger.queue.messages)))
        if weather.draw(Operation("batch", "sqs", trigger.function.module)):
            crowd.start(Invocation(invocation.function, invocation.event, _forgotten))
    else:
        invocation = trigger.begin()
    crowd.start(invocation)


def _forgotten(_outcome: Outcome) -> None:
    """The first delivery's success goes unnoticed."""


def _heal(shop: Simulation, people: People) -> None:
    """As an operator would: everything ends, held orders are decided, letters redriven, checkouts restarted. Raises
    AssertionError if the shop never comes to rest."""
    for _ in range(_ROUNDS):
        shop.settle_down()
        for consumer in shop.consumers:
            consumer.redrive()
        shop.settle_down()
        for order_id, order in sorted(evidence_of(shop).orders.items()):
            if order.status == "AWAITING_REVIEW":
                people.review(order_id, "reject")
        shop.settle_down()
        dead = any(consumer.dead_letters.messages for consumer in shop.consumers)
        if not dead and all(_ended(order) for order in evidence_of(shop).orders.values()):
            return
        shop.tick(_A_WHILE)
    raise AssertionError("the orders are never decided, or letters never delivered")


def _ended(order: Order) -> bool:
    return order.status not in ("PLACED", "AWAITING_REVIEW") and not order.attention
