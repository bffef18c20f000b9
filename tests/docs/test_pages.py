"""What the pages name is there."""

import re
from pathlib import Path

import pytest

from emulator import fixes

ROOT = Path(__file__).parents[2]
_NOT_OURS = {".local", ".venv", ".hypothesis", "node_modules"}
PAGES = sorted(page for page in ROOT.rglob("*.md") if not _NOT_OURS & set(page.relative_to(ROOT).parts))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_emulators_page_lists_its_modules_and_its_fixes() -> None:
    here = ROOT / "emulator"
    listed = re.findall(r"^\| `([\w.]+)` \|", (here / "README.md").read_text(), re.MULTILINE)
    modules = {file.name for file in here.glob("[a-z]*.py")}
    assert sorted(listed) == sorted({*modules, *(file.stem for file in (here / "fixes").glob("[a-z]*.py"))})
    assert set(fixes.NAMES) <= set(listed)
