"""What operators are told and shown: generated from its description, and true."""

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from operations.alarms import alarms
from operations.dashboard import body, rows, sought
from operations.files import ROOT, generated
from tests.template.tree import Resource, Tree

FILES = generated()
ALARMS = alarms()
RUNBOOKS = (ROOT / "docs" / "runbooks.md").read_text()
HEAD, *REST = re.split(r"^## (.+)\n", RUNBOOKS, flags=re.MULTILINE)
SECTIONS = dict(zip(REST[::2], REST[1::2], strict=True))
TREE = Tree.of_project()
TYPES = {
    "AWS/SQS": "AWS::SQS::Queue",
    "AWS/Lambda": "AWS::Lambda::Function",
    "AWS/Events": "AWS::Events::Rule",
}
FREE_METRICS = 50  # of each of the first three dashboards of an account


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_generated_file_is_current(path: Path) -> None:
    assert path.read_text() == FILES[path], "run `make schemas`"


def test_nothing_generated_is_left_behind() -> None:
    assert set(FILES) == {*ROOT.glob("*/operations.yaml"), *ROOT.glob("services/*/operations.yaml")}


def test_every_alarm_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(alarm.name for alarm in ALARMS).items() if count > 1] == []


def test_alarms_and_runbooks_know_each_other() -> None:
    """In the same order, too: what hurts customers most comes first."""
    assert list(SECTIONS) == list(dict.fromkeys(alarm.section for alarm in ALARMS))


@pytest.mark.parametrize("section", SECTIONS.values(), ids=SECTIONS.keys())
def test_a_section_says_what_it_means_what_to_look_at_and_what_to_do(section: str) -> None:
    assert re.findall(r"^\*\*(\w+)\*\* ", section, re.MULTILINE) == ["Means", "Look", "Do"]


def test_a_section_names_the_queues_of_its_alarms() -> None:
    """As `shop dlq` knows them: by their path in the stack."""
    for alarm in ALARMS:
        if alarm.metric.namespace == "AWS/SQS":
            place = rf"{alarm.application.capitalize()}(Service)?/"
            assert re.search(place, SECTIONS[alarm.section]), alarm
            assert f"/{alarm.resource}" in SECTIONS[alarm.section], alarm


def test_runbooks_say_what_alarms_cost() -> None:
    dollars = round(len(ALARMS) / 10)
    assert f"All of them are about ${dollars}, or ${dollars - 1} in" in " ".join(HEAD.split())


# ── The dashboard ─────────────────────────────────────────────────────────────────────────────────────────────────────

LINES = [line for row in rows() for widget in row for line in widget.find.values()]


def found(line: str) -> list[Resource]:
    """What the search of this line finds in a deployed stack, whose names are made of logical ids."""
    namespace, _metric, alternatives = sought(line)
    return [
        resource
        for resource in TREE.all(TYPES[namespace])
        if not alternatives or any(_named(resource, words.split()) for words in alternatives)
    ]


def _named(resource: Resource, words: list[str]) -> bool:
    names = f"{resource.template.parent.name.capitalize()}-{resource.name}"
    return all(re.search(rf"(^|[a-z-]){word}($|[A-Z-])", names) for word in words)


@pytest.mark.parametrize("line", LINES)
def test_a_search_of_the_dashboard_finds_something(line: str) -> None:
    assert found(line)


def test_orders_are_counted_by_one_rule_each() -> None:
    (orders,) = (widget for row in rows() for widget in row if widget.title.startswith("Orders"))
    assert {label: len(found(line)) for label, line in orders.find.items()} == dict.fromkeys(orders.find, 1)


def test_what_is_set_aside_and_who_is_behind_are_those_with_alarms() -> None:
    for metric in ("ApproximateNumberOfMessagesVisible", "IteratorAge"):
        (line,) = (line for line in LINES if f" {metric} " in line)
        watched = {(alarm.application, alarm.resource) for alarm in ALARMS if alarm.metric.name == metric}
        assert {(resource.template.parent.name, resource.name) for resource in found(line)} == watched


def test_the_dashboard_stays_free() -> None:
    shown = [
        min(widget.most or FREE_METRICS, len(found(line)))
        for row in rows()
        for widget in row
        for line in widget.find.values()
    ]
    exact = [
        len(widget.api) + len(widget.checkout) + len(widget.shop) + len(widget.account)
        for row in rows()
        for widget in row
    ]
    assert sum(shown) + sum(exact) < FREE_METRICS


def test_the_functions_own_metrics_are_measured_by_their_service() -> None:
    for line in (line for row in rows() for widget in row for line in widget.shop.values()):
        service, name = line.split()
        code = "".join(path.read_text() for path in (ROOT / "services" / service / "src").rglob("*.py"))
        assert re.search(rf'\bmeasure\(\s*"{name}"', code)
        assert (
            "POWERTOOLS_METRICS_NAMESPACE: !Ref BusName" in (ROOT / "services" / service / "template.yaml").read_text()
        )


def test_rows_fill_the_dashboard() -> None:
    widgets = body(ALARMS)["widgets"]
    for before, after in pairwise(widgets):
        assert (after["x"], after["y"]) in {
            (before["x"] + before["width"], before["y"]),
            (0, before["y"] + before["height"]),
        }
    assert all(widget["x"] + widget["width"] <= 24 for widget in widgets)
