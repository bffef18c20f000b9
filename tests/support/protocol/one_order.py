"""One order, and everything that can happen to it in any order, as rules for Hypothesis to combine.

When a run is over, what was broken is mended, what was lost is missed by the reconciler, dead letters are redriven: the
shop comes to rest, and then every invariant must hold.
"""

from collections import Counter
from contextlib import ExitStack
from datetime import timedelta

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.support.protocol.channels import QueueReader, StreamReader
from tests.support.protocol.crowd import Crowd, Turn
from tests.support.protocol.invocation import Invocation, Outcome
from tests.support.protocol.people import People
from tests.support.protocol.races import crowd_in
from tests.support.protocol.shop import Trigger, opened_shop
from tests.support.protocol.verdict import evidence_of, faults
from tests.support.protocol.workflow import Execution

METHODS = ["pm_visa", "pm_declined", "pm_review", "pm_timeout", "pm_flaky", "pm_capture_fails", "pm_settle_fails"]
# Streams whose order no one promises beyond a redrive. (The orders' own relay feeds the topic that is in order.)
PARKABLE = ["inventory.sync", "inventory.relay", "payment.relay"]
BREAKABLE = ["Payment.SandboxLedger", "Payment.Payments", "Order.Orders", "Inventory.Inventory", "bus", "topic"]
ANY = st.integers(0, 11)
_A_WHILE, _TOO_LONG = timedelta(minutes=11), timedelta(hours=26)
_ROUNDS = 12

ended: Counter[str] = Counter()
"""How the orders ended, over all runs."""


class OneOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.exit = ExitStack()
        self.shop = self.exit.enter_context(opened_shop())
        self.crowd: Crowd = self.exit.enter_context(crowd_in(self.shop))
        self.people = People(self.shop)
        self.order_id = ""

    @initialize(method=st.sampled_from(METHODS), units=st.sampled_from([5, 5, 5, 1]))
    def place(self, method: str, units: int) -> None:
        self.people.stock(MUG=units)
        self.order_id = self.people.place(method)

    # ── What goes on ──────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(choices=st.lists(ANY, min_size=1, max_size=15))
    def go_on(self, choices: list[int]) -> None:
        """Somebody makes one AWS call, or some trigger calls a function: again and again."""
        for choice in choices:
            others: list[Trigger] = self.shop.ready()
            number = choice % (len(self.crowd.busy) + len(others) or 1)
            if number < len(self.crowd.busy):
                self.crowd.take_turn(self.crowd.busy[number])
            elif others:
                self.crowd.start(self._begun(others[number - len(self.crowd.busy)], choice))

    @rule(choice=ANY, clock=st.sampled_from([timedelta(minutes=10), timedelta(minutes=-10)]))
    @precondition(lambda self: self.shop.ready())
    def start_with_a_wrong_clock(self, choice: int, clock: timedelta) -> None:
        ready = self.shop.ready()
        self.crowd.start(self._begun(ready[choice % len(ready)], choice), wrong_by=clock)

    @rule(choice=ANY, turn=st.sampled_from([Turn.DIE_BEFORE, Turn.DIE_AFTER]))
    @precondition(lambda self: self.crowd.busy)
    def die(self, choice: int, turn: Turn) -> None:
        self.crowd.take_turn(self.crowd.busy[choice % len(self.crowd.busy)], turn)

    @rule(choice=ANY)
    @precondition(lambda self: self._running())
    def task_times_out(self, choice: int) -> None:
        """Whoever works for it goes on nevertheless, and is late."""
        execution = self._running()[choice % len(self._running())]
        if execution.busy or execution.waiting:
            execution.timed_out()

    @rule(choice=ANY)
    @precondition(lambda self: self._running())
    def execution_dies(self, choice: int) -> None:
        self._running()[choice % len(self._running())].aborted()

    @rule(choice=ANY)
    @precondition(lambda self: self.shop.bus)
    def event_comes_again(self, choice: int) -> None:
        self.shop.deliver(self.shop.bus[-1 - choice % len(self.shop.bus)].event)

    # ── What people and schedules do ──────────────────────────────────────────────────────────────────────────────────

    @rule()
    def cancel(self) -> None:
        self.crowd.ask("order.cancel", lambda: self.people.cancel(self.order_id))

    @rule(decision=st.sampled_from(["approve", "approve", "reject"]))
    def review(self, decision: str) -> None:
        self.crowd.ask("order.review", lambda: self.people.review(self.order_id, decision))

    @rule(by=st.sampled_from([_A_WHILE, _A_WHILE, _TOO_LONG]))
    def reconcile(self, by: timedelta) -> None:
        self.shop.now += by
        self.crowd.start(Invocation(self.shop.function("order.reconcile"), {}, _forgotten))

    @rule()
    def redrive_dead_letters(self) -> None:
        for consumer in self.shop.consumers:
            consumer.redrive()

    # ── What breaks and is mended ─────────────────────────────────────────────────────────────────────────────────────

    @rule(what=st.sampled_from(BREAKABLE))
    def break_down(self, what: str) -> None:
        self.shop.down = {what}

    @rule()
    def mend(self) -> None:
        self.shop.down = set()

    @rule(says=st.sampled_from(PARKABLE))
    def park(self, says: str) -> None:
        if self.shop.stream(says).ready:
            self.shop.stream(says).park()

    @rule(says=st.sampled_from(PARKABLE))
    def redrive_parked(self, says: str) -> None:
        if self.shop.stream(says).parked:
            self.crowd.start(self.shop.stream(says).redrive(_forgotten))

    # ── And in the end ────────────────────────────────────────────────────────────────────────────────────────────────

    def teardown(self) -> None:
        try:
            if self.order_id:
                self._come_to_rest()
                order = evidence_of(self.shop).orders[self.order_id]
                ended[order.status] += 1
                violations = faults(self.shop)
                note("\n".join(f"{event.type} {event.id}" for event in self.shop.bus))
                assert not violations, "\n".join(violations)
        finally:
            self.exit.close()

    def _come_to_rest(self) -> None:
        self.shop.down = set()
        while self.crowd.busy:
            self.crowd.take_turn(self.crowd.busy[0])
        for _ in range(_ROUNDS):
            self.shop.settle_down()
            for stream in self.shop.streams:
                if stream.parked:
                    self.shop.run(stream.redrive(_forgotten))
            self.redrive_dead_letters()
            if not self.shop.ready() and evidence_of(self.shop).orders[self.order_id].status != "PLACED":
                return
            self.shop.settle_down()
            self.shop.tick(_A_WHILE)
        raise AssertionError("the order is never decided, or its letters never delivered")

    def _running(self) -> list[Execution]:
        return [execution for execution in self.shop.executions if execution.status == "RUNNING"]

    def _begun(self, trigger: Trigger, choice: int) -> Invocation:
        if isinstance(trigger, StreamReader):
            return trigger.begin(1 + choice % 3)
        if isinstance(trigger, QueueReader):
            return trigger.begin(1 + choice % 2, first=choice % len(trigger.queue.messages))
        return trigger.begin()


def _forgotten(_outcome: Outcome) -> None:
    """Nobody asks how it went: the next round does what is left."""
