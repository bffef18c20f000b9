"""docs/proof.md shows the runs of docs/proof.json, and none of them broke a promise."""

import json

from tools.proof import FIGURES, PAGE, render

RUNS = json.loads(FIGURES.read_text())


def test_the_page_is_what_its_template_makes_of_the_runs() -> None:
    assert PAGE.read_text() == render(RUNS), "make it anew: make proof"


def test_no_run_broke_a_promise_and_every_kind_of_fault_happened() -> None:
    assert RUNS
    assert not [run["seed"] for run in RUNS if run["violations"]]
    assert all(sum(run["faults"][kind] for run in RUNS) for kind in RUNS[0]["faults"])
