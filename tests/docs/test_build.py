"""The worked examples of docs/build, applied to a copy of the project. Their code is in the patches alone: the pages
quote it."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployed.stack import Stack
from emulator import lifecycle
from shopkit.dynamodb import from_item
from tests.support.copies import ROOT, Copy
from tests.support.eventually import until

PATCHES = sorted((ROOT / "docs" / "build").glob("*.patch"))
# What the page promises to be enough before anything is deployed, besides the example's own tests.
CHECKS = {
    "add-a-consumer": "tests/integration/order/test_points.py tests/template/test_places.py"
    " tests/template/test_queue_senders.py tests/contracts/test_generated.py tests/contracts/test_patterns.py"
    " tests/unit/operations tests/iam/test_grants.py",
    "add-an-event": "tests/unit/inventory/test_events.py tests/contracts/test_events.py"
    " tests/contracts/test_generated.py tests/contracts/test_patterns.py tests/contracts/test_compatibility.py"
    " tests/contracts/test_diagram.py tests/integration/inventory/test_relay.py",
}
# The service whose template the example changes.
RULES = {
    "add-a-consumer": "services/order/template.yaml and Points",
    "add-an-event": "services/inventory/template.yaml and Relay",
}


def named(patch: Path) -> str:
    return patch.stem


def files_of(patch: Path) -> list[str]:
    return re.findall(r"^\+\+\+ b/(.+)$", patch.read_text(), re.MULTILINE)


def added_by(patch: Path) -> str:
    lines = patch.read_text().splitlines()
    return "\n".join(line[1:] for line in lines if line.startswith("+") and not line.startswith("+++"))


def patched(patch: Path, folder: Path) -> Copy:
    copy = Copy(folder)
    copy.run(f"git init -q && git apply {patch}")
    return copy


@pytest.mark.parametrize("patch", PATCHES, ids=named)
def test_a_page_quotes_its_patch_and_names_its_files(patch: Path) -> None:
    page = patch.with_suffix(".md").read_text()
    quotes = re.findall(r"```(?:python|yaml)\n(.*?)\n```", page, re.DOTALL)
    assert quotes
    assert [quote for quote in quotes if quote not in added_by(patch)] == []
    assert [file for file in files_of(patch) if f"`{file}`" not in page and f"(../../{file})" not in page] == []


@pytest.mark.parametrize("patch", PATCHES, ids=named)
def test_a_patch_applies(patch: Path) -> None:
    subprocess.run(["git", "apply", "--check", str(patch)], cwd=ROOT, check=True)


@pytest.mark.parametrize("patch", PATCHES, ids=named)
def test_an_example_passes_what_the_page_says_it_must(patch: Path, tmp_path: Path) -> None:
    copy = patched(patch, tmp_path / "cartwheel")
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    copy.run("make schemas", outside)
    copy.run(".venv/bin/ruff check && .venv/bin/ruff format --check", outside)
    tests = ".venv/bin/pytest -n 0 -q -p no:cacheprovider"
    copy.run(f"{tests} {CHECKS[named(patch)]}", outside)
    copy.run(f"{tests} tests/template/test_rules.py -k '{RULES[named(patch)]}'", outside)


@pytest.fixture
def shop_with_points(tmp_path: Path) -> Iterator[Copy]:
    copy = patched(ROOT / "docs" / "build" / "add-a-consumer.patch", tmp_path / "cartwheel")
    try:
        copy.run("make schemas && make run")
        yield copy
    finally:
        lifecycle.stop(copy.folder / ".local")


@pytest.mark.e2e
@pytest.mark.xdist_group("readme")
@pytest.mark.timeout(600)
def test_the_new_consumer_works_on_the_deployed_shop(shop_with_points: Copy) -> None:
    said = shop_with_points.run("./shop order --wait")
    assert "CONFIRMED" in said
    (order_id, *_) = re.findall(r"ord_\w+", said)
    stack = Stack.local(shop_with_points.folder / ".local")

    def points() -> dict[str, int]:
        rows = map(from_item, stack.client("dynamodb").scan(TableName=stack.resources["Order/Points"])["Items"])
        return {row["order_id"]: int(row["points"]) for row in rows}

    until(points, lambda kept: kept.get(order_id, 0) > 0, "the order's points")
    shop_with_points.run(f"./shop cancel {order_id}")
    until(points, lambda kept: kept[order_id] == 0, "the points taken back")
    assert "✗" not in shop_with_points.run("./shop audit")
