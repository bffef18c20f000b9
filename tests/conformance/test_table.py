"""docs/transports.md agrees with what the suite checks."""

from collections.abc import Callable
from pathlib import Path

from tests.conformance.table import PROMISES, markdown
from tests.conformance.transports import TRANSPORTS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "transports.md"


def test_the_page_has_the_table(record_property: Callable[[str, object], None]) -> None:
    record_property("figures", markdown())
    assert markdown() in PAGE.read_text(), f"docs/transports.md should have\n\n{markdown()}"


def test_every_promise_is_held_to() -> None:
    assert [transport.promise for transport in TRANSPORTS] == list(PROMISES)  # type: ignore[attr-defined]
