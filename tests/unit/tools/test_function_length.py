"""A function that fits on a screen is read as a whole."""

import ast
from collections.abc import Iterator

import pytest

from tools.expand import ROOT

MOST_LINES = 45
FOLDERS = (
    "layer",
    "services",
    "schemas",
    "operations",
    "diagram",
    "emulator",
    "audit",
    "chaos",
    "deployed",
    "cli",
    "tools",
    "web",
)


def functions(source: str) -> Iterator[tuple[str, int]]:
    """The name of each function, inner ones too, and how many lines it has from `def` to its end."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_function_is_longer_than_a_screen(folder: str) -> None:
    found = list((ROOT / folder).rglob("*.py"))
    assert found
    long = {
        f"{path.relative_to(ROOT)}: {name}": lines
        for path in found
        for name, lines in functions(path.read_text())
        if lines > MOST_LINES
    }
    assert not long


def test_every_folder_of_programs_is_looked_at() -> None:
    visible = (path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))
    assert {path.name for path in visible if any(path.rglob("*.py"))} == {*FOLDERS, "tests"}


def test_a_longer_function_is_found_wherever_it_stands() -> None:
    body = "\n".join(f"        a{n} = {n}" for n in range(MOST_LINES))
    assert max(lines for _, lines in functions(f"class A:\n    async def f(self):\n{body}\n")) == MOST_LINES + 1
