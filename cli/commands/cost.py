"""`cost`: what orders really use, call by call, and what a million of them would cost."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from audit import PATIENCE_SECONDS, run_audit
from cli.format import table
from cli.session import Session, console, session_of
from deployed.calls import read
from deployed.errors import CommandError
from deployed.meter.bill import Bill, Priced, bill_of, by_service, total
from deployed.meter.visits import baskets, visits

_SHOWN = 0.005
"""Lines below half a cent are summed up."""


def register(app: typer.Typer) -> None:
    app.command()(cost)


def cost(
    context: typer.Context,
    orders: Annotated[int, typer.Option(help="Orders to place and count.", min=1, max=10_000)] = 50,
    lines: Annotated[int, typer.Option(help="Products in each order.", min=1, max=50)] = 2,
    clicks: Annotated[int, typer.Option(help="Clicks before each order.", min=0, max=400)] = 20,
    at_once: Annotated[
        int,
        typer.Option(help="Visitors at the same time. With one, times are those of a quiet machine.", min=1, max=50),
    ] = 1,
) -> None:
    """Place orders on the local shop, count every call of AWS that they cause, and print what a million would cost."""
    shop = session_of(context)
    found = metered(shop, orders=orders, lines=lines, clicks=clicks, at_once=at_once)
    shop.say(found.document(), lambda: picture(found))


def metered(shop: Session, *, orders: int, lines: int, clicks: int, at_once: int) -> Bill:
    if not shop.stack.is_local:
        raise CommandError(
            "Calls are counted at the embedded AWS only. On AWS, see the account's Cost Explorer, or its metrics."
        )
    with shop.customer() as door, console(stderr=True).status("") as status:
        wanted = baskets(door, orders, lines=lines)
        _await_quiet(shop)
        began = time.time()
        visits(
            shop.stack,
            door,
            wanted,
            clicks=clicks,
            at_once=at_once,
            tell=lambda placed: status.update(f"{placed} of {orders} orders are placed"),
        )
    _await_quiet(shop)
    return bill_of(shop.stack, list(read(home(shop), began)), orders=orders, lines=lines, clicks=clicks)


def home(shop: Session) -> Path:
    return shop.stack.file.parent


def _await_quiet(shop: Session) -> None:
    """The audit waits until nothing is under way. Raises CommandError if something does not hold."""
    with console(stderr=True).status("Waiting until the shop is quiet"):
        results = run_audit(shop.stack, patience=PATIENCE_SECONDS)
    if wrong := [result.name for result in results if not result.ok]:
        raise CommandError(f"The shop is not as it must be: {', '.join(wrong)}. See: ./shop audit")


def picture(bill: Bill) -> RenderableType:
    listed = table()
    listed.add_column("for 1,000,000 orders")
    listed.add_column("amount", justify="right", no_wrap=True)
    for kind in ("EXPRESS", "STANDARD"):
        listed.add_column(kind, justify="right", no_wrap=True)
    others = {(one.line.service, one.line.what): one for one in bill.standard}
    small = [0.0, 0.0]
    for one in bill.express:
        other = others[one.line.service, one.line.what]
        if max(one.dollars, other.dollars) < _SHOWN:
            small = [small[0] + one.dollars, small[1] + other.dollars]
            continue
        amount = max(one.line.amount, other.line.amount)
        listed.add_row(f"{one.line.service}: {one.line.what}", f"{amount:,.0f}", *map(_dollars, (one, other)))
    listed.add_row("the rest", "", f"${small[0]:,.2f}", f"${small[1]:,.2f}")
    listed.add_section()
    listed.add_row(
        Text("in all", "bold"), "", *(Text(f"${total(of):,.2f}", "bold") for of in (bill.express, bill.standard))
    )
    measured = (
        f"{bill.orders} orders with {bill.lines} lines and {bill.clicks} clicks each were counted, as {bill.deployed}."
    )
    months = ", ".join(
        f"{name} ${dollars:,.2f}" for name, dollars in by_service(bill.idle).items() if dollars >= _SHOWN
    )
    return Group(
        listed,
        Text(f"\nThe floor is ${bill.floor:,.2f}: the same without indexes, transactions, logs, traces and time."),
        Text(f"An idle month: ${total(bill.idle):,.2f} ({months})."),
        Text(
            f"{measured} Times are this machine's. List prices of {bill.prices.as_of}, {bill.prices.region}.",
            style="dim",
        ),
    )


def _dollars(one: Priced) -> str:
    return f"${one.dollars:,.2f}"
