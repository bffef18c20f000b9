"""A shop for scripted scenarios: which participant does what, up to which AWS call, before which other."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.simulation.crowd import Busy, Crowd, Turn
from tests.simulation.people import People
from tests.simulation.races import crowd_in
from tests.simulation.simulation import Simulation, Worker, new_simulation
from tests.simulation.stories import CHECKOUT
from tests.simulation.verdict import evidence_of, faults
from tests.simulation.workflow import Execution

LEDGER, PAYMENTS = "Payment.SandboxLedger", "Payment.Payments"
ORDERS, INVENTORY = "Order.Orders", "Inventory.Inventory"
UNITS = 5


class Stage:
    """Create it with `staged()`."""

    def __init__(self, shop: Simulation, crowd: Crowd) -> None:
        self.shop, self.crowd, self.people = shop, crowd, People(shop)
        self.people.stock(MUG=UNITS)
        self.order_id = ""

    # ── What somebody does ────────────────────────────────────────────────────────────────────────────────────────────

    def place(self, method: str = "pm_visa", quantity: int = 2) -> Execution:
        """Places an order whose checkout has just started."""
        self.order_id = self.people.place(method, ("MUG", quantity))
        self.relay()
        return self.checkouts[-1]

    def checkout_again(self) -> Execution:
        """Delivers OrderPlaced again."""
        (placed, *_) = (published for published in self.shop.bus if published.type == "OrderPlaced")
        self.shop.deliver(placed.event)
        return self.checkouts[-1]

    def relay(self) -> None:
        self._read(
            *(stream.function.module for stream in self.shop.streams if stream.function.module.endswith(".relay"))
        )

    def sync(self) -> None:
        self._read("inventory.sync")

    def settle(self) -> None:
        self.relay()
        while self.shop.consumer("payment.settle").ready:
            self.shop.run(self.shop.consumer("payment.settle").begin())

    def cancel(self) -> None:
        assert self.people.cancel(self.order_id).status == 202

    def cancel_and_settle(self) -> None:
        """Runs the whole compensation before anything else happens."""
        self.cancel()
        self.sync()
        self.settle()

    # ── How far somebody goes ─────────────────────────────────────────────────────────────────────────────────────────

    def goes_to(self, execution: Execution, state: str) -> None:
        """Runs the execution's tasks up to that state, one after the other."""
        while execution.state != state:
            self.next_task(execution)

    def next_task(self, execution: Execution) -> None:
        assert execution.ready, f"{execution.id} is {execution.status} in {execution.state}"
        self.shop.run(Worker(self.shop, execution).begin())

    def stopping_before(self, execution: Execution, operation: str, table: str) -> Busy:
        """Starts the execution's task and stops it before that call."""
        busy = self.crowd.start(Worker(self.shop, execution).begin())
        while not (busy.before and busy.before.operation == operation and table in busy.before.tables):
            self.crowd.take_turn(busy)
            assert busy in self.crowd.busy, f"{busy} made no {operation} on {table}"
        return busy

    def goes_on(self, busy: Busy, turn: Turn = Turn.CALL) -> None:
        """Continues from where it stopped to its end, or to its crash."""
        self.crowd.take_turn(busy, turn)
        while busy in self.crowd.busy:
            self.crowd.take_turn(busy)

    def comes_to_rest(self) -> None:
        """Runs everything to the end and checks that all is right."""
        self.shop.settle_down()
        violations = faults(self.shop)
        assert not violations, "\n".join(violations)

    # ── What is there ─────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def checkouts(self) -> list[Execution]:
        return [execution for execution in self.shop.executions if execution.machine == CHECKOUT]

    @property
    def status(self) -> str:
        return evidence_of(self.shop).orders[self.order_id].status.value

    @property
    def charge(self) -> dict[str, Any] | None:
        """Returns the order's charge in the gateway's own ledger."""
        return next((row for row in self.shop.rows(LEDGER) if row["order_id"] == self.order_id), None)

    @property
    def money(self) -> tuple[int, int, bool]:
        """Returns the amounts captured, refunded and voided."""
        charge = self.charge
        assert charge
        return charge["captured"], charge["refunded"], charge["voided"]

    @property
    def goods(self) -> str | None:
        reservation = evidence_of(self.shop).reservations.get(self.order_id)
        return reservation.status if reservation else None

    @property
    def stock(self) -> tuple[int, int]:
        """Returns the units available and reserved."""
        product = evidence_of(self.shop).products["MUG"]
        return product.available, product.reserved

    def published(self, *types: str) -> list[str]:
        """Returns which of these events were published, each once, in order."""
        events = {published.id: published.type for published in self.shop.bus}
        return [type_ for type_ in events.values() if type_ in types]

    def _read(self, *modules: str) -> None:
        for name in modules:
            stream = self.shop.stream(name)
            while stream.ready:
                self.shop.run(stream.begin())


@contextmanager
def staged() -> Iterator[Stage]:
    with new_simulation() as shop, crowd_in(shop) as crowd:
        yield Stage(shop, crowd)
