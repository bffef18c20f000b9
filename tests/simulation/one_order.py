"""One order and everything that can happen to it in any order, as rules for Hypothesis to combine.

At the end of a run, outages end, the reconciler finds lost checkouts, and dead letters are redriven. The shop becomes
quiet, and then every invariant must hold.
"""

from collections import Counter
from contextlib import ExitStack, suppress
from datetime import timedelta

from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.simulation.channels import QueueReader, StreamReader
from tests.simulation.crowd import Busy, Crowd, Turn
from tests.simulation.invocation import Invocation, Outcome
from tests.simulation.people import GaveUp, People
from tests.simulation.races import crowd_in
from tests.simulation.simulation import Trigger, Worker, new_simulation
from tests.simulation.verdict import evidence_of, faults
from tests.simulation.workflow import Execution

METHODS = ["pm_visa", "pm_declined", "pm_review", "pm_timeout", "pm_flaky", "pm_capture_fails", "pm_settle_fails"]
# Streams whose order is not guaranteed after a redrive. (The orders' own relay feeds the topic that is in order.)
PARKABLE = ["inventory.sync", "inventory.relay", "payment.relay"]
BREAKABLE = ["Payment.SandboxLedger", "Payment.Payments", "Order.Orders", "Inventory.Inventory", "events", "sns"]
CLOCKS = [timedelta(), timedelta(), timedelta(minutes=10), timedelta(minutes=-10)]
ANY = st.integers(0, 11)
_A_WHILE, _TOO_LONG = timedelta(minutes=11), timedelta(hours=26)
_ROUNDS = 12

ended: Counter[str] = Counter()
"""How the orders ended, over all runs."""


def disturbs(life: "OneOrder") -> bool:
    """Limits the disturbances, or a run would end before anything interesting happens."""
    return life.disturbances < life.most_disturbances


class OneOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.exit = ExitStack()
        self.shop = self.exit.enter_context(new_simulation())
        self.crowd: Crowd = self.exit.enter_context(crowd_in(self.shop))
        self.people = People(self.shop)
        self.order_id = ""
        self.disturbances = self.most_disturbances = 0

    @initialize(method=st.sampled_from(METHODS), units=st.sampled_from([5, 5, 5, 1]), disturbances=st.integers(1, 6))
    def place(self, method: str, units: int, disturbances: int) -> None:
        self.people.stock(MUG=units)
        self.order_id = self.people.place(method)
        self.most_disturbances = disturbances

    # ── What goes on ──────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(choices=st.lists(ANY, min_size=1, max_size=8))
    def go_on(self, choices: list[int]) -> None:
        """One participant makes one AWS call, or a trigger calls a function, several times."""
        for choice in choices:
            others: list[Trigger] = self.shop.ready()
            number = choice % (len(self.crowd.busy) + len(others) or 1)
            if number < len(self.crowd.busy):
                self.crowd.take_turn(self.crowd.busy[number])
            elif others:
                self.crowd.start(self._begun(others[number - len(self.crowd.busy)], choice))

    @rule(tasks=st.integers(1, 2), choice=ANY)
    @precondition(lambda self: self._running())
    def execution_goes_on(self, tasks: int, choice: int) -> None:
        """An execution runs undisturbed for a while, so that orders make progress."""
        execution = self._running()[choice % len(self._running())]
        for _ in range(tasks):
            if execution.ready:
                self.shop.run(Worker(self.shop, execution).begin())

    @rule(choice=ANY, calls=st.integers(1, 5), clock=st.sampled_from(CLOCKS))
    @precondition(lambda self: self.shop.ready())
    def stand_half_way(self, choice: int, calls: int, clock: timedelta) -> None:
        """A function runs up to some call and waits there while others go on. Its clock may be wrong."""
        ready = self.shop.ready()
        busy = self.crowd.start(self._begun(ready[choice % len(ready)], choice), wrong_by=clock)
        for _ in range(calls):
            if busy in self.crowd.busy:
                self.crowd.take_turn(busy)

    @rule(choice=ANY)
    @precondition(lambda self: self.crowd.busy)
    def finish(self, choice: int) -> None:
        busy = self.crowd.busy[choice % len(self.crowd.busy)]
        while busy in self.crowd.busy:
            self.crowd.take_turn(busy)

    @rule(how_many=st.integers(1, 3))
    def news_travels(self, how_many: int) -> None:
        """Streams and queues deliver what they hold, while checkout and all waiting participants wait."""
        for _ in range(how_many):
            ready = [trigger for trigger in self.shop.ready() if not isinstance(trigger, Worker)]
            if ready:
                self.shop.run(ready[0].begin())

    # ── What people and schedules do ──────────────────────────────────────────────────────────────────────────────────

    @rule(calls=st.integers(1, 4))
    @precondition(disturbs)
    def cancel(self, calls: int) -> None:
        self._asked(self.crowd.ask("order.cancel", lambda: self.people.cancel(self.order_id)), calls)

    @rule()
    @precondition(disturbs)
    def cancel_and_compensate(self) -> None:
        """The whole compensation overtakes all waiting participants."""
        self.disturbances += 1
        with suppress(GaveUp):
            self.people.cancel(self.order_id)
        self.news_travels(_ROUNDS)

    @rule(decision=st.sampled_from(["approve", "approve", "reject"]), calls=st.integers(1, 4))
    @precondition(disturbs)
    def review(self, decision: str, calls: int) -> None:
        self._asked(self.crowd.ask("order.review", lambda: self.people.review(self.order_id, decision)), calls)

    @rule(by=st.sampled_from([_A_WHILE, _A_WHILE, _TOO_LONG]), calls=st.integers(1, 6))
    @precondition(disturbs)
    def reconcile(self, by: timedelta, calls: int) -> None:
        self.shop.now += by
        self._asked(self.crowd.start(Invocation(self.shop.function("order.reconcile"), {}, _forgotten)), calls)

    @rule()
    def redrive_dead_letters(self) -> None:
        for consumer in self.shop.consumers:
            consumer.redrive()

    # ── What goes wrong ───────────────────────────────────────────────────────────────────────────────────────────────

    @rule(choice=ANY, turn=st.sampled_from([Turn.DIE_BEFORE, Turn.DIE_AFTER]))
    @precondition(lambda self: self.crowd.busy and disturbs(self))
    def die(self, choice: int, turn: Turn) -> None:
        self.disturbances += 1
        self.crowd.take_turn(self.crowd.busy[choice % len(self.crowd.busy)], turn)

    @rule(choice=ANY)
    @precondition(lambda self: any(e.busy or e.waiting for e in self._running()) and disturbs(self))
    def task_times_out(self, choice: int) -> None:
        """The function behind the task goes on nevertheless, and is late."""
        self.disturbances += 1
        occupied = [execution for execution in self._running() if execution.busy or execution.waiting]
        occupied[choice % len(occupied)].timed_out()

    @rule(choice=ANY)
    @precondition(lambda self: any(e.ready for e in self._running()) and disturbs(self))
    def task_fails_for_good(self, choice: int) -> None:
        """The task fails however often it is retried."""
        self.disturbances += 1
        ready = [execution for execution in self._running() if execution.ready]
        execution = ready[choice % len(ready)]
        state = execution.state
        while execution.ready and execution.state == state:
            execution.begin()
            execution.timed_out()

    @rule(choice=ANY)
    @precondition(lambda self: self._running() and disturbs(self))
    def execution_dies(self, choice: int) -> None:
        self.disturbances += 1
        self._running()[choice % len(self._running())].aborted()

    @rule(choice=ANY)
    @precondition(lambda self: self.shop.bus and disturbs(self))
    def event_comes_again(self, choice: int) -> None:
        """An event is delivered again. OrderPlaced is chosen as often as all others together, because it starts another
        checkout."""
        self.disturbances += 1
        placed = [published for published in self.shop.bus if published.type == "OrderPlaced"]
        events = placed if choice % 2 and placed else self.shop.bus
        self.shop.deliver(events[-1 - choice % len(events)].event)

    @rule(what=st.sampled_from(BREAKABLE))
    @precondition(disturbs)
    def break_down(self, what: str) -> None:
        self.disturbances += 1
        self.shop.aws.down = {what}

    @rule()
    @precondition(lambda self: self.shop.aws.down)
    def mend(self) -> None:
        self.shop.aws.down = set()

    @rule(module=st.sampled_from(PARKABLE))
    @precondition(disturbs)
    def park(self, module: str) -> None:
        if self.shop.stream(module).ready:
            self.disturbances += 1
            self.shop.stream(module).park()

    @rule(module=st.sampled_from(PARKABLE))
    @precondition(lambda self: any(stream.parked for stream in self.shop.streams))
    def redrive_parked(self, module: str) -> None:
        if self.shop.stream(module).parked:
            self.crowd.start(self.shop.stream(module).redrive(_forgotten))

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
        self.shop.aws.down = set()
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

    def _asked(self, busy: Busy, calls: int) -> None:
        """Begins a person's request, which runs up to some call at once."""
        self.disturbances += 1
        for _ in range(calls):
            if busy in self.crowd.busy:
                self.crowd.take_turn(busy)

    def _running(self) -> list[Execution]:
        return [execution for execution in self.shop.executions if execution.status == "RUNNING"]

    def _begun(self, trigger: Trigger, choice: int) -> Invocation:
        if isinstance(trigger, StreamReader):
            return trigger.begin(1 + choice % 3)
        if isinstance(trigger, QueueReader):
            return trigger.begin(1 + choice % 2, first=choice % len(trigger.queue.messages))
        return trigger.begin()


def _forgotten(_outcome: Outcome) -> None:
    """Ignores the outcome; the next round does what is left."""


def live(lives: int, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    """Runs that many random histories, always from the same seed. Raises AssertionError for the first one that ends
    wrongly."""
    run_state_machine_as_test(
        OneOrder,
        settings=settings(
            max_examples=lives,
            stateful_step_count=40,
            phases=phases,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
