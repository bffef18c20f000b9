"""`make load`: shoppers who order, how long they wait, what the shop used, and the audit.

Locust sends the requests. It replaces Python's sockets, so it must be imported before anything that opens one.
"""

import locust  # noqa: F401, I001 - first, see above

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Annotated

import typer
from locust.env import Environment
from locust.stats import StatsEntry
from rich.console import Console

from deployed.errors import CommandError
from deployed.front_door import FrontDoor
from deployed.seeding import catalogue
from deployed.stack import PROJECT, Stack
from deployed.users import sign_in
from tools.load.measure import processor, units
from tools.load.report import Route, Run, curve, picture, verdicts
from tools.load.shoppers import LINES, Plan, Shopper

console = Console()
PATIENCE_SECONDS = 300  # without any order's end: the shop has stopped


def main(
    orders: Annotated[int, typer.Option(help="Orders to place.", min=1, max=100_000)] = 100,
    shoppers: Annotated[int, typer.Option(help="Shoppers at the same time.", min=1, max=1_000)] = 8,
    steps: Annotated[
        str, typer.Option("--curve", help="Sizes to compare, such as 100,1000,10000; instead of --orders.")
    ] = "",
    stack_name: Annotated[
        str, typer.Option("--stack", help="A stack on AWS, in the account of your credentials.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Send shoppers to the running shop, print what they met, and audit it."""
    try:
        sizes = [int(size) for size in steps.split(",")] if steps else [orders]
        home = Path(os.environ.get("CARTWHEEL_HOME", PROJECT / ".local"))
        stack = Stack.on_aws(home, name=stack_name, profile=None, region=None) if stack_name else Stack.local(home)
        runs = []
        for size in sizes:
            runs.append(_run(stack, home, size, shoppers))
            if not as_json:
                console.print(picture(runs[-1]))
    except ValueError:
        raise typer.BadParameter("--curve takes numbers with commas between them") from None
    except CommandError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps([run.document() for run in runs], indent=2))
    elif len(runs) > 1:
        console.print(curve(runs))
    flat = len(runs) == 1 or all(held for held, _ in verdicts(runs))
    complete = all(run.confirmed == run.orders and not any(route.failed for route in run.routes) for run in runs)
    raise typer.Exit(0 if flat and complete else 1)


def _run(stack: Stack, home: Path, orders: int, shoppers: int) -> Run:
    plan = _plan(stack, orders)
    used = processor(home) if stack.is_local else None
    began = time.time()
    stats = _shop(stack.details.api_url, plan, min(shoppers, orders))
    seconds = time.time() - began
    _audit(stack)
    spent = processor(home).since(used) if used else None
    counted = units(home, began) if stack.is_local else None
    return Run(
        orders=orders,
        confirmed=plan.ended.count("CONFIRMED"),
        seconds=seconds,
        routes=tuple(_route(entry) for entry in sorted(stats, key=lambda entry: entry.name.split(" ")[::-1])),
        confirmed_after=tuple(plan.confirmed_after),
        processor=spent,
        write_units=counted["write"] / orders if counted else None,
        read_units=counted["read"] / orders if counted else None,
    )


def _plan(stack: Stack, orders: int) -> Plan:
    """Signs the known customers in, and restocks for every order. Raises CommandError."""
    details = stack.details
    if not details.customers or not details.operators:
        raise CommandError("The shop has no customers yet; add some: ./shop seed")
    operator = sign_in(stack, details.operators[0].email)
    with FrontDoor(details.api_url, operator) as door:
        seeded = {entry.sku for entry in catalogue()}
        products = [product for product in door.products() if product.sku in seeded]
        if len(products) < LINES:
            raise CommandError("The shop has no products yet; add some: ./shop seed")
        for product in products:
            if product.available < orders:
                door.restock(product.sku, orders, key=uuid.uuid4().hex)
    tokens = tuple(sign_in(stack, customer.email) for customer in details.customers)
    return Plan(tokens, tuple(product.sku for product in products), orders)


def _shop(api_url: str, plan: Plan, shoppers: int) -> list[StatsEntry]:
    """Lets the shoppers visit until every order of the plan has ended."""
    Shopper.plan, total = plan, plan.left
    environment = Environment(user_classes=[Shopper], host=api_url.rstrip("/") + "/")
    runner = environment.create_local_runner()
    runner.start(shoppers, spawn_rate=shoppers)
    with console.status("") as status:
        ended, progress = 0, time.monotonic()
        while ended < total and time.monotonic() < progress + PATIENCE_SECONDS:
            if len(plan.ended) > ended:
                ended, progress = len(plan.ended), time.monotonic()
            status.update(f"{ended:,} of {total:,} orders have ended")
            time.sleep(0.2)
    runner.quit()
    return list(environment.stats.entries.values())


def _route(entry: StatsEntry) -> Route:
    p50, p95, p99 = (entry.get_response_time_percentile(share) for share in (0.5, 0.95, 0.99))
    return Route(entry.name, entry.num_requests, entry.num_failures, p50, p95, p99)


def _audit(stack: Stack) -> None:
    """Raises CommandError if something that must hold does not."""
    where = [] if stack.is_local else ["--stack", stack.details.stack_name]
    finished = subprocess.run(
        [sys.executable, "-m", "cli", *where, "audit", "--wait", "600"],
        cwd=PROJECT,
        check=False,
        stdout=sys.stderr,
    )
    if finished.returncode:
        raise CommandError("The audit found something wrong; see above.")


if __name__ == "__main__":
    typer.run(main)
