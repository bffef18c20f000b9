"""What an order costs the embedded AWS: processor time of the server and of the functions, and calls of AWS.

`python -m tools.emulator_cost --orders 100` places orders on the running shop, waits until it is idle again, and prints
the figures per order. What the idle shop uses is measured first and taken off. Compare two versions in turns, on the
same orders: a busy machine has slower seconds of processor time too.
"""

import json
import os
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from contracts.types import Goods
from deployed.calls import read
from deployed.errors import CommandError
from deployed.front_door import FrontDoor
from deployed.stack import PROJECT, Stack
from deployed.users import sign_in
from tools.load.measure import Processor, processor
from tools.one_order import ADDRESS

console = Console()
SKU = "MUG-STONE-350"
CLIENTS = 4  # who order at the same time
WINDOW_SECONDS, PATIENCE_SECONDS = 3.0, 600
IDLE_SHARE = 0.06  # of a core: an idle shop uses less, and a shop that has something to do uses more


def main(
    orders: Annotated[int, typer.Option(help="Orders to place.", min=1, max=100_000)] = 100,
    warm_up: Annotated[int, typer.Option(help="Orders before that, for the cold starts.", min=0)] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print what one order costs the embedded AWS of the running shop."""
    home = Path(os.environ.get("CARTWHEEL_HOME", PROJECT / ".local"))
    try:
        stack = Stack.local(home)
        token = _restocked(stack, orders + warm_up)
        _place(stack, token, warm_up)
        idle = _idle(home)
        before, began = processor(home), time.time()
        _place(stack, token, orders)
        placed = time.time() - began
        _idle(home)
    except CommandError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    spent, seconds = processor(home).since(before), time.time() - began
    each = Processor(*((used - rest * seconds) / orders for used, rest in zip(_both(spent), _both(idle), strict=True)))
    calls = Counter((call.service, call.operation) for call in read(home, began) if call.kind == "call")
    runs = sum(call.kind == "run" for call in read(home, began))
    if as_json:
        counted = {f"{service}:{operation}": count / orders for (service, operation), count in calls.items()}
        figures = {"server": each.server, "functions": each.functions, "placed_seconds": placed}
        typer.echo(json.dumps(figures | {"runs": runs / orders, "calls": counted}))
    else:
        _show(orders, each, idle, calls, runs, placed)


def _both(used: Processor) -> tuple[float, float]:
    return used.server, used.functions


def _restocked(stack: Stack, orders: int) -> str:
    """Returns a customer's token, once there is enough in stock."""
    details = stack.details
    if not details.customers or not details.operators:
        raise CommandError("The shop has no customers yet; add some: ./shop seed")
    with FrontDoor(details.api_url, sign_in(stack, details.operators[0].email)) as door:
        door.restock(SKU, orders, key=uuid.uuid4().hex)
    return sign_in(stack, details.customers[0].email)


def _place(stack: Stack, token: str, orders: int) -> None:
    goods = [Goods(sku=SKU, quantity=1)]

    def place(keys: range) -> None:
        with FrontDoor(stack.details.api_url, token) as door:
            for _ in keys:
                door.place(goods, payment_method="pm_visa", shipping_address=ADDRESS, key=uuid.uuid4().hex)

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(place, [range(number, orders, CLIENTS) for number in range(CLIENTS)]))


def _idle(home: Path) -> Processor:
    """Waits until the shop has nothing to do. Returns its processor time per second. Raises CommandError."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        before, began = processor(home), time.monotonic()
        time.sleep(WINDOW_SECONDS)
        used, seconds = processor(home).since(before), time.monotonic() - began
        if sum(_both(used)) < IDLE_SHARE * seconds:
            return Processor(used.server / seconds, used.functions / seconds)
    raise CommandError(f"The shop still has something to do after {PATIENCE_SECONDS} s.")


def _show(
    orders: int, each: Processor, idle: Processor, calls: Counter[tuple[str, str]], runs: int, placed: float
) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name, side in (("service", "left"), ("operation", "left"), ("an order", "right")):
        table.add_column(name, justify=side, no_wrap=True)  # type: ignore[arg-type]
    for (service, operation), count in sorted(calls.items(), key=lambda found: (-found[1], found[0])):
        table.add_row(service, operation, f"{count / orders:.2f}")
    table.add_section()
    table.add_row("lambda", "runs of functions", f"{runs / orders:.2f}")
    console.print(table)
    console.print(
        f"\n{orders:,} orders in {placed:,.1f} s. One takes the server {each.server:.3f} s of a core, and "
        f"its functions {each.functions:.3f} s.\nIdle, the server takes {idle.server:.3f} s a second, its functions "
        f"{idle.functions:.3f} s."
    )


if __name__ == "__main__":
    typer.run(main)
