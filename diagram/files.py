"""The generated files: pictures, the page's data, and the ways of the lines."""

import json
from pathlib import Path
from typing import Any

from diagram import layout, page, part, picture
from diagram.graph import SHARED, Graph, graph
from diagram.routing import Ways, routed
from tools.expand import ROOT

WAYS = ROOT / "diagram" / "ways.json"
PICTURES = ROOT / "docs" / "pictures"
ASSETS = ROOT / "web" / "site" / "assets" / "architecture"


class Incomplete(ValueError):
    """A node of the templates has no place or no sentence, or one is left of a node that is gone."""


def generated(found: Graph | None = None) -> dict[Path, str]:
    """Returns each generated file's text, by path. Raises Incomplete."""
    found = found or graph()
    if wrong := [*layout.unplaced(found), *page.undescribed(found)]:
        raise Incomplete("\n".join(wrong))
    kept: dict[str, Ways] = json.loads(WAYS.read_text()) if WAYS.exists() else {}
    ways: dict[str, Ways] = {}
    whole = layout.layout(found)
    lines, ways["whole"] = routed(found, whole, kept.get("whole"))
    files = {
        PICTURES / "architecture.svg": picture.picture(found, whole, lines),
        ASSETS / "architecture.svg": picture.picture(found, whole, lines, alone=False),
        ASSETS / "picture.css": picture.style_sheet(),
        ASSETS / "graph.json": page.document(found, lines),
    }
    for service, name in _explained(found).items():
        around = part.of_service(found, whole, service)
        near, ways[service] = routed(found, around, kept.get(service))
        files[PICTURES / f"architecture-{name}.svg"] = picture.service_picture(found, around, near)
    files[WAYS] = _compact(ways)
    return files


def _explained(found: Graph) -> dict[str, str]:
    """The services that have a page, and the name of its folder."""
    folders = {node.service: node.template.parent for node in found.nodes.values() if node.service != SHARED}
    return {service: folder.name for service, folder in folders.items() if (ROOT / folder / "README.md").exists()}


def _compact(ways: dict[str, Any]) -> str:
    """JSON with one line for each way, so that a change shows what moved."""
    blocks = []
    for name, kept in ways.items():
        rows = ",\n".join(json.dumps(way, separators=(",", ":")) for way in kept["ways"])
        blocks.append(f'{json.dumps(name)}: {{"of": "{kept["of"]}", "ways": [\n{rows}\n]}}')
    return "{\n" + ",\n".join(blocks) + "\n}\n"
