"""How a run is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tools.load.measure import Processor

FLAT_UNITS, FLAT_TIME = 0.05, 0.15


@dataclass(frozen=True)
class Route:
    """Times in milliseconds."""

    name: str
    requests: int
    failed: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class Run:
    """One size of load. `processor` and units are None on AWS, where they cannot be seen."""

    orders: int
    confirmed: int
    seconds: float
    routes: tuple[Route, ...]
    confirmed_after: tuple[float, ...]
    processor: Processor | None
    write_units: float | None
    read_units: float | None

    def after(self, percent: int) -> float:
        """Returns the seconds to CONFIRMED that this share of the orders did not exceed."""
        times = self.confirmed_after
        return quantiles(times, n=100, method="inclusive")[percent - 1] if len(times) > 1 else sum(times)

    @property
    def a_second(self) -> float:
        return self.orders / self.seconds

    @property
    def ceiling(self) -> float | None:
        """Orders a second that the embedded AWS could do at most: it is one process, and Python uses one core."""
        return self.orders / self.processor.server if self.processor else None

    def document(self) -> dict[str, Any]:
        return {
            "orders": self.orders,
            "confirmed": self.confirmed,
            "seconds": round(self.seconds, 1),
            "orders_a_second": round(self.a_second, 2),
            "ceiling": round(self.ceiling, 2) if self.ceiling else None,
            "confirmed_after": {f"p{percent}": round(self.after(percent), 3) for percent in (50, 95, 99)},
            "write_units": self.write_units and round(self.write_units, 2),
            "read_units": self.read_units and round(self.read_units, 2),
            "routes": {
                route.name: {
                    "requests": route.requests,
                    "failed": route.failed,
                    **{name: round(getattr(route, name)) for name in ("p50", "p95", "p99")},
                }
                for route in self.routes
            },
        }


def picture(run: Run) -> RenderableType:
    table = _table(("route", "left"), *((name, "right") for name in ("requests", "failed", "p50", "p95", "p99")))
    for route in run.routes:
        failed = Text(f"{route.failed:,}", style="red" if route.failed else "dim")
        times = (f"{time:,.0f} ms" for time in (route.p50, route.p95, route.p99))
        table.add_row(route.name, f"{route.requests:,}", failed, *times)
    after = (f"{run.after(percent):,.2f} s" for percent in (50, 95, 99))
    table.add_section()
    table.add_row("placed to CONFIRMED", f"{run.confirmed:,}", f"{run.orders - run.confirmed:,}", *after)
    lines = [f"{run.orders:,} orders in {run.seconds:,.0f} s: {run.a_second:.2f} a second"]
    if run.processor and run.ceiling:
        server, functions = (used / run.orders for used in (run.processor.server, run.processor.functions))
        lines.append(
            f"An order takes the embedded AWS {server:.3f} s of a core, and its functions {functions:.3f} s.\n"
            f"Its ceiling on this machine is {run.ceiling:.1f} orders a second, whatever the load."
        )
    if run.write_units is not None:
        lines.append(
            f"DynamoDB, an order with its clicks: {run.write_units:.1f} write units, {run.read_units:.1f} read"
        )
    return Group(table, Text(""), *(Text(line) for line in lines))


def curve(runs: Sequence[Run]) -> RenderableType:
    table = _table(
        *((name, "right") for name in ("orders", "a second", "p50", "p95", "write units", "core s", "functions"))
    )
    for run in runs:
        used = run.processor or Processor(0, 0)
        table.add_row(
            f"{run.orders:,}",
            f"{run.a_second:.2f}",
            f"{run.after(50):.2f} s",
            f"{run.after(95):.2f} s",
            f"{run.write_units or 0:.2f}",
            f"{used.server / run.orders:.3f}",
            f"{used.functions / run.orders:.3f}",
        )
    return Group(
        table, *(Text(f"{'✓' if flat else '✗'} {text}", "green" if flat else "red") for flat, text in verdicts(runs))
    )


def verdicts(runs: Sequence[Run]) -> list[tuple[bool, str]]:
    """Returns whether units and processor time per order stayed flat from the first run to each later one."""
    found: list[tuple[bool, str]] = []
    first, last = runs[0], runs[-1]
    if first.write_units and last.write_units:
        growth = max(run.write_units or 0 for run in runs[1:]) / first.write_units - 1
        found.append((growth <= FLAT_UNITS, f"write units per order: {growth:+.1%} (at most {FLAT_UNITS:+.0%})"))
    if first.processor and last.processor:
        each = [run.processor.server / run.orders for run in runs if run.processor]
        growth = max(each[1:]) / each[0] - 1
        found.append(
            (growth <= FLAT_TIME, f"the embedded AWS's time per order: {growth:+.1%} (at most {FLAT_TIME:+.0%})")
        )
    return found


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name, side in columns:
        table.add_column(name, justify=side, no_wrap=True)  # type: ignore[arg-type]
    return table
