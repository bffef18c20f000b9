"""docs/proof.md: runs of `./shop chaos`, and what came of them. `make proof` makes them on the running stack.

The figures are kept in docs/proof.json. After each run the page is written, so that an interrupted proof shows what was
run. With --add, earlier runs stay, except for those of the same seed and size.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import jinja2
import typer

from chaos.run import Report, run
from deployed.errors import CommandError
from deployed.faults import Kind
from deployed.stack import PROJECT, Stack

DOCS = PROJECT / "docs"
PAGE, FIGURES = DOCS / "proof.md", DOCS / "proof.json"
TEMPLATE = PROJECT / "tools" / "proof.md.j2"

type Figures = dict[str, Any]


def figures_of(report: Report, checkout: str) -> Figures:
    """Returns what the page shows of a run."""
    kinds = {kind: sum(by_service.values()) for kind, by_service in report.injected.items()}
    statuses: Counter[str] = Counter()
    for how, number in report.endings.items():
        statuses[how.partition(" ")[0]] += number
    return {
        "at": report.at[:10],
        "checkout": checkout,
        "seed": report.seed,
        "orders": report.orders,
        "rate": report.rate,
        "minutes": round(report.seconds / 60, 1),
        "faults": {kind.value: kinds.get(kind, 0) for kind in Kind},
        "endings": report.endings,
        "statuses": dict(statuses),
        "redriven": sum(report.redriven.values()),
        "settled": report.settled,
        "violations": list(report.violations),
    }


def render(runs: list[Figures]) -> str:
    """Returns the page."""
    endings: Counter[str] = Counter()
    for found in runs:
        endings.update(found["endings"])
    jinja = jinja2.Environment(  # noqa: S701 - Markdown, of our own data
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    total = {kind.value: sum(found["faults"][kind] for found in runs) for kind in Kind}
    return jinja.from_string(TEMPLATE.read_text()).render(
        runs=runs,
        kinds=[kind.value for kind in Kind],
        total=total,
        endings=endings.most_common(),
        violations=sum(len(found["violations"]) for found in runs),
    )


def written(runs: list[Figures]) -> None:
    FIGURES.write_text(json.dumps(runs, indent=1) + "\n")
    PAGE.write_text(render(runs))


def proof(
    seed: Annotated[int, typer.Option(help="The first seed.")] = 1,
    seeds: Annotated[int, typer.Option(help="How many seeds.", min=1)] = 10,
    orders: Annotated[int, typer.Option(help="Orders per seed.", min=1)] = 1000,
    faults: Annotated[float, typer.Option(help="The share of operations that suffer a fault.", min=0, max=1)] = 0.05,
    add: Annotated[bool, typer.Option("--add", help="Keep earlier runs.")] = False,
    home: Annotated[Path, typer.Option(help="The local stack's folder.")] = PROJECT / ".local",
) -> None:
    """Run chaos with several seeds, and write docs/proof.md."""
    try:
        stack = Stack.local(home)
        machine = stack.resources["Workflows/Checkout"]
        checkout = stack.client("stepfunctions").describe_state_machine(stateMachineArn=machine)["type"]
        runs: list[Figures] = json.loads(FIGURES.read_text()) if add and FIGURES.exists() else []
        for number in range(seed, seed + seeds):
            report = run(stack, seed=number, orders=orders, rate=faults, tell=lambda _text, _done: None)
            found = figures_of(report, checkout)
            runs = [one for one in runs if _same(one) != _same(found)] + [found]
            written(sorted(runs, key=_same))
            sys.stdout.write(f"seed {number}: {len(report.violations)} violations, {report.seconds / 60:.1f} min\n")
            sys.stdout.flush()
    except CommandError as error:
        sys.exit(f"✗ {error}")
    sys.exit(1 if any(one["violations"] for one in runs) else 0)


def _same(found: Figures) -> tuple[str, int, int, float]:
    return found["checkout"], found["orders"], found["seed"], found["rate"]


if __name__ == "__main__":
    typer.run(proof)
