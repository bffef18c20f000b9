"""The picture of the architecture: current, complete, and wrong as soon as a template changes."""

import copy
import json
import re
from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from contracts.events import EVENTS
from diagram import layout, page
from diagram.files import ASSETS, PICTURES, Incomplete, generated
from diagram.graph import Graph, graph
from diagram.journeys import journeys
from diagram.routing import routed
from tools.deployment import Deployment
from tools.expand import ROOT, Template, expand, templates

GRAPH = graph()
FILES = generated(GRAPH)
WHOLE = layout.layout(GRAPH)
SVG = "{http://www.w3.org/2000/svg}"
PICTURE_FILES = [path for path in FILES if path.suffix == ".svg"]
ORDER = Path("services/order/template.yaml")
EVERYTHING = {"Environment": "sandbox", "WebhookUrl": "https://example.com/orders", "Kafka": "msk-serverless"}
LONGEST_SENTENCE = 120
LARGEST = 80_000


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_generated_file_is_current(path: Path) -> None:
    assert path.read_text() == FILES[path], "run `make schemas`"


def test_no_picture_is_left_of_a_service_that_is_gone() -> None:
    assert set(PICTURES.glob("architecture*.svg")) == {path for path in PICTURE_FILES if path.parent == PICTURES}


# ── What is in it ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_node_of_the_templates_is_drawn_once() -> None:
    drawn = re.findall(r'data-node="([^"]+)"', (PICTURES / "architecture.svg").read_text())
    assert sorted(drawn) == sorted(GRAPH.nodes)


def test_every_edge_is_drawn_but_those_that_only_operators_and_failures_take() -> None:
    lines, _ = routed(GRAPH, WHOLE, json.loads(FILES[ROOT / "diagram" / "ways.json"])["whole"])
    drawn = {edge for line in lines for edge in line.edges}
    left_out = [edge for edge in GRAPH.edges if (edge.source, edge.target, edge.kind) not in drawn]
    assert {edge.kind for edge in left_out} == {"failure", "operates", "read"}
    # A look-up in another service's store.
    assert [edge.source for edge in left_out if edge.kind == "read"] == ["Notify/Email"]


@pytest.mark.parametrize("node", GRAPH.nodes)
def test_every_node_has_its_sentence(node: str) -> None:
    text = page.sentence(GRAPH, GRAPH.nodes[node])
    assert text.endswith(".")
    assert "\n" not in text
    assert len(text) <= LONGEST_SENTENCE


def test_everything_is_described_and_nothing_else() -> None:
    assert page.undescribed(GRAPH) == []
    assert page.words()["events"].keys() == {event.__name__ for event in EVENTS}


@pytest.mark.parametrize(
    "node", [node for node in GRAPH.nodes.values() if node.kind in ("function", "machine")], ids=str
)
def test_every_function_leads_to_its_code(node: Any) -> None:
    code = page.code_of(GRAPH, node)
    assert code
    assert (ROOT / code).is_file()


@pytest.mark.parametrize("node", GRAPH.nodes.values(), ids=lambda node: node.id)
def test_every_node_leads_to_its_template_and_knows_its_price(node: Any) -> None:
    known = json.loads((ASSETS / "graph.json").read_text())["nodes"][node.id]
    assert (
        known["lines"].lstrip().startswith(tuple(node.logical_id[:length] for length in range(4, 40)))
        or node.id == "Bus"
    )
    assert known["price"]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_every_event_has_a_way_from_who_wrote_it_to_who_gets_it(event: Any) -> None:
    stages = journeys(GRAPH, page.words()["events"])[event.__name__]
    hops = [hop for stage in stages for hop in stage]
    assert {"from": stages[0][0]["to"], "to": stages[1][0]["to"], "kind": "read-write"} in stages[1], (
        "the write that it announces"
    )
    assert any(hop["to"] == "Bus" for hop in hops)
    consumers = {hop["to"] for hop in hops if hop["from"] == "Bus"}
    assert consumers > {"Archive"}
    assert ("Order/TimelineQueue" in consumers) == ("order_id" in event.model_fields)


def test_a_hop_that_an_event_takes_only_sometimes_says_so() -> None:
    stages = journeys(GRAPH, page.words()["events"])["OrderReviewed"]
    (checkout,) = [hop for stage in stages for hop in stage if hop["to"] == "Workflows/Checkout"]
    assert checkout["if"] == {"decision": ["approved"]}


# ── How it looks ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_picture_fits_a_screen() -> None:
    assert WHOLE.width / WHOLE.height == pytest.approx(1.6, abs=0.1)


def test_no_box_covers_another() -> None:
    for boxes in (WHOLE.nodes, {**WHOLE.services, "Bus": WHOLE.nodes["Bus"], "": WHOLE.legend}):
        for (one, a), (other, b) in combinations(boxes.items(), 2):
            apart = a.right <= b.x or b.right <= a.x or a.bottom <= b.y or b.bottom <= a.y
            assert apart, f"{one} and {other}"


def test_no_line_runs_through_a_box() -> None:
    lines, _ = routed(GRAPH, WHOLE, json.loads(FILES[ROOT / "diagram" / "ways.json"])["whole"])
    for line in lines:
        for (ax, ay), (bx, by) in pairwise(line.points):
            for node, box in WHOLE.nodes.items():
                through = max(min(ax, bx), box.x) < min(max(ax, bx), box.right) and box.y < ay < box.bottom and ay == by
                down = max(min(ay, by), box.y) < min(max(ay, by), box.bottom) and box.x < ax < box.right and ax == bx
                assert True not in (through, down), f"{line.source} to {line.target} through {node}"


@pytest.mark.parametrize("path", PICTURE_FILES, ids=lambda path: path.name)
def test_picture_has_a_title_both_themes_and_asks_no_other_address(path: Path) -> None:
    text = FILES[path]
    tree = ET.fromstring(text)
    assert tree.findtext(f"{SVG}title")
    assert tree.findtext(f"{SVG}desc")
    assert len(text.encode()) <= LARGEST
    assert not re.findall(r"https?:|url\(|@import|@font-face|href|<script|\sstyle=", text.replace(SVG[1:-1], ""))
    # In a page the style is a file, because the policy forbids it inside.
    assert ("prefers-color-scheme: dark" in text) == ("<style>" in text) == (path.parent == PICTURES)


# ── What a change of a template does ──────────────────────────────────────────────────────────────────────────────────


def planted(change: Callable[[Template], None], template: Path = ORDER) -> Graph:
    """The graph of templates of which one was changed without the diagram."""
    expanded: dict[Path, Template] = {path: expand(path) for path in templates()}
    expanded[template] = copy.deepcopy(expanded[template])
    change(expanded[template])
    return graph(
        Deployment(expanded, "cartwheel", EVERYTHING), Deployment(expanded, "cartwheel", {"Environment": "sandbox"})
    )


def lose_a_target(template: Template) -> None:
    template["Resources"]["CatalogueRule"]["Properties"]["Targets"] = []


def let_another_event_pass(template: Template) -> None:
    template["Resources"]["CatalogueRule"]["Properties"]["EventPattern"]["detail-type"].append("StockLow")


def lose_a_permission(template: Template) -> None:
    for policy in template["Resources"]["CatalogueRole"]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            statement["Action"] = "dynamodb:GetItem" if "PutItem" in str(statement["Action"]) else statement["Action"]


@pytest.mark.parametrize("change", [lose_a_target, let_another_event_pass, lose_a_permission])
def test_a_changed_connection_is_noticed(change: Callable[[Template], None]) -> None:
    assert page.document(planted(change), []) != page.document(GRAPH, [])


def add_a_queue(template: Template) -> None:
    template["Resources"]["NewQueue"] = {"Type": "AWS::SQS::Queue", "Properties": {}}


def rename_a_function(template: Template) -> None:
    """With everything that refers to it."""
    template.update(json.loads(json.dumps(template, default=str).replace('"Get"', '"Fetch"')))


@pytest.mark.parametrize(("change", "name"), [(add_a_queue, "Order/NewQueue"), (rename_a_function, "Order/Get")])
def test_a_node_that_is_new_or_gone_is_noticed(change: Callable[[Template], None], name: str) -> None:
    with pytest.raises(Incomplete, match=name):
        generated(planted(change))
