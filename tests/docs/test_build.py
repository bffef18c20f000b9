"""The worked examples of docs/build, applied to a copy of the project. Their code is in the patches alone: the pages
quote it."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployed.stack import Stack
from emulator import lifecycle
from shopkit.dynamodb import from_item
from tests.support.copies import ROOT, Copy
from tests.support.eventually import eventually, until

PATCHES = sorted((ROOT / "docs" / "build").glob("*.patch"))
# What the page promises to be enough before anything is deployed, besides the example's own tests.
CHECKS = {
    "add-a-consumer": "tests/integration/order/test_points.py tests/template/test_places.py"
    " tests/template/test_queue_senders.py tests/contracts/test_generated.py tests/contracts/test_patterns.py"
    " tests/unit/operations tests/iam/test_grants.py",
    "add-a-service": "tests/integration/invoice tests/template/test_places.py tests/template/test_project.py"
    " tests/template/test_queue_senders.py tests/contracts/test_generated.py tests/contracts/test_patterns.py"
    " tests/contracts/test_diagram.py tests/unit/operations tests/iam/test_grants.py tests/docs/test_pages.py",
    "add-a-step": "tests/integration/inventory/test_delivery.py tests/simulation/test_delivery.py"
    " tests/template/test_workflows.py tests/contracts/test_generated.py tests/contracts/test_diagram.py"
    " tests/iam/test_grants.py",
    "add-an-event": "tests/unit/inventory/test_events.py tests/contracts/test_events.py"
    " tests/contracts/test_generated.py tests/contracts/test_patterns.py tests/contracts/test_compatibility.py"
    " tests/contracts/test_diagram.py tests/integration/inventory/test_relay.py",
}
# The service whose template the example changes.
RULES = {
    "add-a-consumer": "services/order/template.yaml and Points",
    "add-a-service": "services/invoice/template.yaml",
    "add-a-step": "services/inventory/template.yaml and BookDelivery",
    "add-an-event": "services/inventory/template.yaml and Relay",
}


def named(patch: Path) -> str:
    return patch.stem


def files_of(patch: Path) -> list[str]:
    return re.findall(r"^\+\+\+ b/(.+)$", patch.read_text(), re.MULTILINE)


def added_by(patch: Path) -> str:
    lines = patch.read_text().splitlines()
    return "\n".join(line[1:] for line in lines if line.startswith("+") and not line.startswith("+++"))


def patched(folder: Path, *patches: Path) -> Copy:
    copy = Copy(folder)
    copy.run(" && ".join(["git init -q", *(f"git apply {patch}" for patch in patches)]))
    return copy


@pytest.mark.parametrize("patch", PATCHES, ids=named)
def test_a_page_quotes_its_patch_and_names_its_files(patch: Path) -> None:
    page = patch.with_suffix(".md").read_text()
    quotes = re.findall(r"```(?:python|yaml|toml)\n(.*?)\n```", page, re.DOTALL)
    assert quotes
    assert [quote for quote in quotes if quote not in added_by(patch)] == []
    assert [file for file in files_of(patch) if f"`{file}`" not in page and f"(../../{file})" not in page] == []


@pytest.mark.parametrize("patch", PATCHES, ids=named)
def test_a_patch_applies(patch: Path) -> None:
    subprocess.run(["git", "apply", "--check", str(patch)], cwd=ROOT, check=True)


@pytest.mark.parametrize("patch", PATCHES, ids=named)
def test_an_example_passes_what_the_page_says_it_must(patch: Path, tmp_path: Path) -> None:
    copy = patched(tmp_path / "cartwheel", patch)
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    copy.run("make schemas", outside)
    copy.run(".venv/bin/ruff check && .venv/bin/ruff format --check", outside)
    tests = ".venv/bin/pytest -n 0 -q -p no:cacheprovider"
    copy.run(f"{tests} {CHECKS[named(patch)]}", outside)
    copy.run(f"{tests} tests/template/test_rules.py -k '{RULES[named(patch)]}'", outside)


# ── All examples in one shop, which is deployed once ──────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def extended_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    copy = patched(tmp_path_factory.mktemp("extended") / "cartwheel", *PATCHES)
    try:
        copy.run("make schemas && make run")
        yield copy
    finally:
        lifecycle.stop(copy.folder / ".local")


class Extended:
    """What the examples keep of an order."""

    def __init__(self, shop: Copy) -> None:
        self._shop, self._stack = shop, Stack.local(shop.folder / ".local")

    def order(self, *lines: str) -> tuple[str, str]:
        """Returns what `./shop order` says, and the order's id."""
        said = self._shop.run(f"./shop order {' '.join(lines)} --wait")
        return said, re.findall(r"ord_\w+", said)[0]

    def cancel(self, order_id: str) -> None:
        self._shop.run(f"./shop cancel {order_id}")

    def audit(self) -> None:
        assert "✗" not in self._shop.run("./shop audit")

    def points(self, order_id: str) -> int | None:
        return next((row["points"] for row in self._rows("Order/Points") if row["order_id"] == order_id), None)

    def delivery(self, order_id: str) -> str | None:
        rows = self._rows("Inventory/Inventory")
        return next((row["status"] for row in rows if row["pk"] == f"delivery#{order_id}"), None)

    def documents(self, order_id: str) -> set[str]:
        return {row["kind"] for row in self._rows("Invoice/Invoices") if row["order_id"] == order_id}

    def _rows(self, table: str) -> list[dict[str, Any]]:
        found = self._stack.client("dynamodb").scan(TableName=self._stack.resources[table], ConsistentRead=True)
        return [from_item(item) for item in found["Items"]]


@pytest.fixture
def extended(extended_shop: Copy) -> Extended:
    return Extended(extended_shop)


@pytest.mark.e2e
@pytest.mark.xdist_group("readme")
@pytest.mark.timeout(600)
def test_an_order_and_its_cancellation_reach_all_that_was_added(extended: Extended) -> None:
    said, order_id = extended.order()
    assert "CONFIRMED" in said
    assert extended.delivery(order_id) == "BOOKED"
    until(lambda: extended.points(order_id), bool, "the order's points")
    eventually(lambda: extended.documents(order_id), {"INVOICE"})
    extended.cancel(order_id)
    eventually(lambda: extended.points(order_id), 0)
    eventually(lambda: extended.delivery(order_id), "CANCELLED")
    eventually(lambda: extended.documents(order_id), {"INVOICE", "CREDIT_NOTE"})
    extended.audit()


@pytest.mark.e2e
@pytest.mark.xdist_group("readme")
@pytest.mark.timeout(600)
def test_an_order_that_the_new_step_refuses_leaves_nothing_behind(extended: Extended) -> None:
    said, order_id = extended.order("MUG-STONE-350:99", "BEANS-ETH-250:99")
    assert "REJECTED" in said
    assert "too many parcels" in said.replace("_", " ")
    eventually(lambda: extended.delivery(order_id), "CANCELLED")
    assert extended.points(order_id) is None
    assert extended.documents(order_id) == set()
    extended.audit()
