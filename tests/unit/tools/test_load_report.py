"""What `make load` says of a curve: units and time per order must stay flat, and growth must show."""

from io import StringIO

import pytest
from rich.console import Console

from tools.load.measure import Processor
from tools.load.report import Route, Run, curve, picture, verdicts


def run(orders: int, *, units: float = 60.0, core: float = 0.1) -> Run:
    return Run(
        orders=orders,
        confirmed=orders,
        seconds=orders / 4,
        routes=(Route("GET /orders/{order_id}", orders * 3, 0, 45.0, 180.0, 1_234.0),),
        confirmed_after=tuple(0.5 + number / orders for number in range(orders)),
        processor=Processor(server=core * orders, functions=core * orders),
        write_units=units,
        read_units=12.0,
    )


def test_a_flat_curve_holds() -> None:
    assert [held for held, _ in verdicts([run(100), run(1_000, units=61.0, core=0.11)])] == [True, True]


@pytest.mark.parametrize(
    ("grown", "found"), [(run(1_000, units=64.0), [False, True]), (run(1_000, core=0.12), [True, False])]
)
def test_growth_per_order_shows(grown: Run, found: list[bool]) -> None:
    assert [held for held, _ in verdicts([run(100), grown])] == found


def test_growth_in_the_middle_of_the_curve_shows() -> None:
    assert not all(held for held, _ in verdicts([run(100), run(500, units=70.0), run(1_000)]))


def test_the_ceiling_is_what_one_core_can_do() -> None:
    assert run(100, core=0.2).ceiling == pytest.approx(5.0)


def test_the_pictures_fit_into_80_columns() -> None:
    out = Console(file=StringIO(), width=80)
    out.print(picture(run(10_000)), curve([run(100), run(10_000)]))
    lines = out.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert any("GET /orders/{order_id}" in line and "1,234 ms" in line for line in lines)
    assert max(map(len, lines)) <= 80
