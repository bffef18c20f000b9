"""The generated files."""

from pathlib import Path

from schemas import asyncapi, events_page, gateway, registry
from schemas.flow import consumers

ROOT = Path(__file__).resolve().parent.parent


def generated() -> dict[Path, str]:
    """Returns each generated file's text, by path."""
    readers = consumers()
    return {
        ROOT / "api" / "gateway.yaml": gateway.document(),
        ROOT / "schemas" / "template.yaml": registry.template(),
        ROOT / "docs" / "events.md": events_page.page(readers),
        ROOT / "docs" / "asyncapi.yaml": asyncapi.document(readers),
    }
