"""Formats money, numbers, times and statuses."""

from datetime import datetime, timedelta

from rich import box
from rich.table import Table
from rich.text import Text

from contracts.orders_stream import OrderStatus
from contracts.types import Money
from deployed import words

_STATUS = {
    OrderStatus.PLACED: "cyan",
    OrderStatus.AWAITING_REVIEW: "yellow",
    OrderStatus.CONFIRMED: "green",
    OrderStatus.REJECTED: "red",
    OrderStatus.CANCELLED: "magenta",
}
_SERVICE = {
    "shop.order": "cyan",
    "shop.inventory": "yellow",
    "shop.payment": "green",
    "shop.notify": "magenta",
}

count = words.count


def money(value: Money) -> str:
    amount = f"{value.amount / 100:,.2f}"
    return f"${amount}" if value.currency == "USD" else f"{amount} {value.currency}"


def moment(value: datetime) -> str:
    """Returns a time in this machine's time zone with its offset, to the second."""
    return value.astimezone().isoformat(sep=" ", timespec="seconds")


def lasting(value: timedelta) -> str:
    """Returns a duration with suitable precision."""
    milliseconds = value / timedelta(milliseconds=1)
    if abs(milliseconds) < 1000:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.2f} s" if abs(milliseconds) < 60_000 else f"{milliseconds / 60_000:.1f} min"


def ago(value: timedelta) -> str:
    """Returns an age in its largest unit, down to seconds."""
    seconds = max(int(value.total_seconds()), 0)
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def status(value: OrderStatus) -> Text:
    return Text(value.value, style=_STATUS[value])


def service(source: str) -> Text:
    return Text(source.removeprefix("shop."), style=_SERVICE.get(source, ""))


def table(title: str | None = None) -> Table:
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
