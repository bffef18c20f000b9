"""docs/reliability.md names every test that shows a scenario, and every scenario is shown by one."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text()
ROW = re.compile(r"^\| (?P<number>\d+) \|.*\| (?P<shown>\[.*\)) \|$", re.MULTILINE)
LINK = re.compile(r"\[[^]]+\]\(\.\./(tests/[^)]+)\)")
# `test_scenario_7_a_quoted_key…`, "Scenario 14: …", "scenarios 26, 27 and 31"
NAMED = re.compile(r"scenarios?[ _](\d+(?:(?:, | and )\d+)*)(?!\d)", re.IGNORECASE)


def named_in(file: Path) -> set[int]:
    return {int(number) for found in NAMED.findall(file.read_text()) for number in re.findall(r"\d+", found)}


def shown_by_scenario() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for number in named_in(file) if file != Path(__file__) else ():
            found.setdefault(number, []).append(str(file.relative_to(ROOT)))
    return dict(sorted(found.items()))


def test_the_page_names_the_tests_of_every_scenario() -> None:
    page = {int(row["number"]): LINK.findall(row["shown"]) for row in ROW.finditer(PAGE)}
    assert list(page) == list(range(1, len(page) + 1))
    assert page == shown_by_scenario()
