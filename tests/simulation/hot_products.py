"""How many buyers one product bears, in one row and in several: transactions and conflicts per sale.

The real `inventory.reserve` runs on the in-memory DynamoDB, in virtual time. A transaction takes TRANSACTION_SECONDS.
Meanwhile DynamoDB refuses every other transaction on the same rows (Developer Guide, "Transaction conflict handling").
The limit of 1,000 write units a second is not modelled, because conflicts come first.

    make hot-products
"""

import heapq
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from threading import Semaphore
from typing import Annotated, Any
from unittest.mock import patch

import typer
from rich.console import Console
from rich.table import Table

from shopkit.telemetry import logger
from tests.simulation.invocation import invoke
from tests.simulation.people import People
from tests.simulation.simulation import Simulation, new_simulation
from tests.simulation.small_aws import Answer, Call, Perform
from tests.simulation.small_dynamodb import Refusal
from tests.support.interleaving import Actor, stop_here

TRANSACTION_SECONDS, CALL_SECONDS = 0.010, 0.004
# As checkout waits after StockBusy: up to two seconds (workflows/checkout.asl.yaml).
_BUSY_SECONDS = 2.0


@dataclass(frozen=True)
class Result:
    """`tries` are transactions, `conflicts` those that met another one, `busy` the reserves that gave up for the
    moment. `seconds` are virtual, from the first request to the last answer; `slowest` is one buyer's longest wait."""

    buyers: int
    shards: int
    sales: int
    tries: int
    conflicts: int
    busy: int
    seconds: float
    slowest: float


@dataclass
class Rush:
    """Buyers who want one unit each, again and again, until each has bought so often. Each has a virtual time."""

    shop: Simulation
    rng: random.Random
    counted: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    _times: dict[int, float] = field(default_factory=dict)
    _taken: dict[str, float] = field(default_factory=dict)  # until when a transaction works on a row
    _acting: int = 0

    def run(self, buyers: int, purchases: int) -> float:
        """Returns the virtual time of the last answer."""
        over = Semaphore(0)
        actors = [Actor(lambda buyer=buyer: self._buy(buyer, purchases), over) for buyer in range(buyers)]  # type: ignore[misc]
        # They do not click in the same microsecond.
        self._times = {buyer: self.rng.uniform(0, 0.05) for buyer in range(buyers)}
        waiting = [(time, buyer) for buyer, time in self._times.items()]
        heapq.heapify(waiting)
        self.shop.aws.boundary = self._at_a_call
        with (
            patch("shopkit.backoff.time.sleep", self._passes),
            patch("inventory.store.measure"),
            patch("shopkit.backoff.random.uniform", self.rng.uniform),
        ):
            while waiting:
                _, self._acting = heapq.heappop(waiting)
                actor = actors[self._acting]
                actor.take_turn(dies=False)
                if actor.failure:
                    raise actor.failure
                if not actor.done:
                    heapq.heappush(waiting, (self._times[self._acting], self._acting))
        return max(self._times.values())

    def _buy(self, buyer: int, purchases: int) -> None:
        reserve = self.shop.function("inventory.reserve")
        for number in range(purchases):
            wanted = {"order_id": f"ord_{buyer}_{number}", "lines": [{"sku": "MUG", "quantity": 1}]}
            began = self._times[buyer]
            while True:
                try:
                    invoke(reserve, wanted)
                except Exception as busy:
                    if type(busy).__name__ != "StockBusy":
                        raise
                    self.counted["busy"] += 1
                    self._passes(self.rng.uniform(0, _BUSY_SECONDS))
                    stop_here()
                    continue
                break
            self.counted["sales"] += 1
            self.slowest = max(self.slowest, self._times[buyer] - began)

    def _passes(self, seconds: float) -> None:
        self._times[self._acting] += seconds

    def _at_a_call(self, call: Call, perform: Perform) -> Answer:
        stop_here()  # until it is this buyer's turn, by the virtual time
        if call.operation != "TransactWriteItems":
            self._passes(CALL_SECONDS)
            return perform()
        self.counted["tries"] += 1
        now, rows = self._times[self._acting], _rows(call)
        if any(self._taken.get(row, 0) > now for row in rows):
            self.counted["conflicts"] += 1
            self._passes(CALL_SECONDS)
            reasons = [{"Code": "TransactionConflict"} for _ in rows]
            raise Refusal("TransactionCanceledException", CancellationReasons=reasons)
        self._passes(TRANSACTION_SECONDS)
        self._taken |= dict.fromkeys(rows, self._times[self._acting])
        return perform()


def _rows(call: Call) -> list[str]:
    actions = [next(iter(action.values())) for action in call.parameters["TransactItems"]]
    return [(action.get("Key") or action["Item"])["pk"]["S"] for action in actions]


def rush(buyers: int, shards: int, purchases: int, *, units: int = 0, seed: int = 1) -> Result:
    """Lets so many buyers buy so often each. Without `units`, there is exactly one for each purchase."""
    with new_simulation() as shop:
        people = People(shop)
        people.upsert("MUG", stock_shards=shards)
        people.restock("MUG", units or buyers * purchases)
        crowd = Rush(shop, random.Random(seed))
        seconds = crowd.run(buyers, purchases)
        counted: Any = {name: crowd.counted[name] for name in ("sales", "tries", "conflicts", "busy")}
        return Result(buyers, shards, **counted, seconds=seconds, slowest=crowd.slowest)


def table_of(results: list[Result]) -> Table:
    table = Table(title="One product: transactions and conflicts per sale", title_justify="left")
    for heading in ("buyers", "shards", "sales", "tries per sale", "conflicts per sale", "sales/s", "slowest"):
        table.add_column(heading, justify="right")
    for one in results:
        per_sale = (f"{number / one.sales:.2f}" for number in (one.tries, one.conflicts))
        rates = f"{one.sales / one.seconds:,.0f}", f"{one.slowest:.2f} s"
        table.add_row(str(one.buyers), str(one.shards), f"{one.sales:,}", *per_sale, *rates)
    return table


def main(
    buyers: Annotated[list[int] | None, typer.Option(help="Buyers at the same time; may be repeated.")] = None,
    shards: Annotated[list[int] | None, typer.Option(help="Rows of the product; may be repeated.")] = None,
    purchases: Annotated[int, typer.Option(help="Purchases of each buyer.", min=1)] = 20,
) -> None:
    """Prints the curve."""
    logger.setLevel("CRITICAL")
    os.environ |= {"AWS_DEFAULT_REGION": "us-east-1", "POWERTOOLS_METRICS_DISABLED": "true"}
    results = [rush(count, rows, purchases) for count in buyers or [1, 10, 100] for rows in shards or [1, 8]]
    Console().print(table_of(results))


if __name__ == "__main__":
    typer.run(main)
