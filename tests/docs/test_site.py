"""The documentation as pages: nothing on it leads nowhere, and it asks no other address."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from tools import site

# One worker installs the generator and builds the pages, for all of these tests.
pytestmark = pytest.mark.xdist_group("site")

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "https://code.example/shop"
# What a browser fetches by itself, by tag.
_FETCHED = {
    "link": "href", "script": "src", "img": "src", "source": "srcset", "iframe": "src", "object": "data", "use": "href",
}  # fmt: skip
_NOT_FETCHED = {"canonical", "next", "prev", "alternate", "edit"}


@dataclass
class Page(HTMLParser):
    """What a page links to, what it fetches, and the places in it that can be linked to."""

    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    scripts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif (attribute := _FETCHED.get(tag)) in given and given.get("rel") not in _NOT_FETCHED:
            self.fetched.append(given[str(attribute)])


def read(file: Path) -> Page:
    page = Page()
    page.feed(file.read_text())
    return page


def faults(built: Path) -> Iterator[str]:
    pages = {file: read(file) for file in built.rglob("*.html")}
    for file, page in pages.items():
        where = file.relative_to(built)
        for link in [*page.links, *page.fetched]:
            address, _, fragment = link.partition("#")
            if re.match(r"[a-z]+:|//", address):
                if link in page.fetched and not address.startswith("data:"):
                    yield f"{where} fetches {link}"
                continue
            if file.name == "404.html" and address.startswith("/"):
                address = f"./{address}"  # it is served at any depth
            to = Path(os.path.normpath(file.parent / unquote(address))) if address else file
            to = to / "index.html" if to.is_dir() else to
            if not to.is_file():
                yield f"{where} links to {link}"
            elif fragment and to in pages and unquote(fragment) not in pages[to].ids:
                yield f"{where} links to {link}: no such place"
    for style in built.rglob("*.css"):
        yield from (
            f"{style.relative_to(built)} fetches {address}"
            for address in re.findall(r"(?:url\(|@import )[\"']?((?:https?:)?//[^)\"';]+)", style.read_text())
        )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        site.install()
    except site.NotInstalled as error:
        pytest.skip(str(error))
    return site.build(site.collect(tmp_path_factory.mktemp("site")))


@pytest.mark.build
def test_no_link_leads_nowhere_and_nothing_is_fetched_from_elsewhere(built: Path) -> None:
    assert sorted(set(faults(built))) == []


@pytest.mark.build
def test_pages_show_tables_lists_and_the_apis(built: Path) -> None:
    cost = (built / "docs" / "cost.html").read_text()
    assert cost.count("<table>") == 2
    assert "<li><strong>Memory stays at 512 MB.</strong>" in cost
    assert "<td>Place an order</td>" in (built / "api" / "openapi.yaml.html").read_text()
    assert "OrderPlaced" in (built / "docs" / "asyncapi.yaml.html").read_text()


@pytest.mark.build
def test_no_page_asks_for_a_part_that_the_theme_would_load_from_elsewhere(built: Path) -> None:
    parts = re.compile(r'class="[^"]*\b(?:mermaid|glightbox|pyodide)\b')
    assert [page for page in built.rglob("*.html") if parts.search(page.read_text())] == []


def test_what_the_link_test_is_for_is_found(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        '<p id="here"><a href="#here"></a><a href="#gone"></a><a href="gone.html"></a><a href="https://elsewhere.example">'
        '</a><script src="https://elsewhere.example/a.js"></script><img src="gone.svg">'
    )
    (tmp_path / "fonts.css").write_text(
        "@import url(https://elsewhere.example/font.css); a { background: url(data:x) }"
    )
    assert list(faults(tmp_path)) == [
        "index.html links to #gone: no such place",
        "index.html links to gone.html",
        "index.html fetches https://elsewhere.example/a.js",
        "index.html links to gone.svg",
        "fonts.css fetches https://elsewhere.example/font.css",
    ]


def every_page(navigation: list[object]) -> Iterator[str]:
    for entry in navigation:
        value = next(iter(entry.values())) if isinstance(entry, dict) else entry
        yield from every_page(value) if isinstance(value, list) else [str(value)]


def test_every_page_is_in_the_navigation(tmp_path: Path) -> None:
    settings = yaml.safe_load(site.collect(tmp_path).read_text())
    listed = set(every_page(settings["nav"]))
    assert {str(file) for file in site.tracked() if file.suffix == ".md"} <= listed
    assert {"api/openapi.yaml.md", "docs/asyncapi.yaml.md"} <= listed


def test_links_into_the_code_lead_to_the_repository_if_it_is_known(tmp_path: Path) -> None:
    site.collect(tmp_path / "known", REPOSITORY)
    site.collect(tmp_path / "unknown")
    page = Path("pages/docs/decisions/orders-stream.md")
    assert f"]({REPOSITORY}/blob/main/layer/contracts/orders_stream.py)" in (tmp_path / "known" / page).read_text()
    assert "](../../layer/contracts/orders_stream.py.md)" in (tmp_path / "unknown" / page).read_text()
    shown = (tmp_path / "unknown/pages/layer/contracts/orders_stream.py.md").read_text()
    assert (ROOT / "layer/contracts/orders_stream.py").read_text().strip() in shown


def test_lists_are_read_as_on_github() -> None:
    text = "Two things:\n- one\n  - below\n\n```\nTwo:\n- one\n```\n"
    assert site.as_markdown(text) == "Two things:\n\n- one\n    - below\n\n```\nTwo:\n- one\n```\n"


def test_a_link_to_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(site.SiteError, match=r"README.md: nothing is at gone.py"):
        site.Pages(tmp_path).leads_to(Path("README.md"), "gone.py")
