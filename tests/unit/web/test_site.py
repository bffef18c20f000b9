"""What the storefront promises about its files: one origin, nothing inline, a first view that is small."""

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from deployed.seeding import catalogue
from publish.bundle import ENTRY, bundled

SITE = Path("web/site")
MODULES = sorted(path for path in SITE.rglob("*.js") if "vendor" not in path.parts)
PAGES = [SITE / "index.html", *MODULES]
# lit-html 3.3.3 as npm has it: lit-html.js of the package.
LIT = SITE / "assets/vendor/lit-html.js"
LIT_SHA256 = "b878e7f95dec8a9b6e9b217faca6b6a11bad82ebc44c0caa77419ed83edd81f2"
# Besides its files, the first view asks for the products and for what is trending.
API_REQUESTS = 2
MOST_REQUESTS, MOST_BYTES = 10, 100_000


def names(paths: list[Path]) -> list[str]:
    return [path.relative_to(SITE).as_posix() for path in paths]


def test_the_library_is_the_one_that_was_looked_at_and_its_licence_is_beside_it() -> None:
    assert hashlib.sha256(LIT.read_bytes()).hexdigest() == LIT_SHA256
    assert "BSD 3-Clause License" in LIT.with_suffix(".LICENSE").read_text()


@pytest.mark.parametrize("module", MODULES, ids=names(MODULES))
def test_imports_are_relative_and_lead_to_files(module: Path) -> None:
    for path in re.findall(r'(?:\bfrom |\bimport\(|^import )"([^"]+)"', module.read_text(), re.MULTILINE):
        assert path.startswith("."), f"{path}: a browser resolves no bare name"
        assert (module.parent / path).is_file(), path


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_nothing_is_inline_that_the_content_security_policy_refuses(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r"\sstyle=", text), "a style attribute"
    assert not re.search(r"<style\b", text), "a style element"
    assert not re.search(r"<script(?![^>]*\ssrc=)[^>]*>", text), "a script without src"
    assert not re.search(r"<[^>]*\son[a-z]+=[\"']", text), "an event handler in an attribute"
    assert not re.search(r"\beval\(|new Function\(|unsafeHTML|innerHTML|javascript:", text)


@pytest.mark.parametrize("file", sorted(SITE.rglob("*.*")), ids=names(sorted(SITE.rglob("*.*"))))
def test_nothing_comes_from_another_origin(file: Path) -> None:
    if file.is_file() and "vendor" not in file.parts:
        for address in re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]+[^\s\"')]*", file.read_text()):
            assert address == "http://www.w3.org/2000/svg", address


def test_the_first_view_is_small_and_asks_seldom() -> None:
    index = (SITE / "index.html").read_text()
    referred = [name for name in re.findall(r'(?:href|src)="(assets/[^"]+)"', index) if name != ENTRY]
    files = {path.relative_to(SITE).as_posix(): path.read_bytes() for path in SITE.rglob("*") if path.is_file()}
    assets = bundled({name: body for name, body in files.items() if name.startswith("assets/")})
    imported = re.findall(r'^import .*"\./([^"]+)";', assets[ENTRY].decode(), re.MULTILINE)
    first = [*referred, ENTRY, *(f"assets/{name}" for name in imported), "assets/pictures.svg"]
    assert 1 + len(first) + API_REQUESTS <= MOST_REQUESTS, first
    bodies = [files["index.html"], *(assets[name] for name in first)]
    assert sum(len(gzip.compress(body)) for body in bodies) <= MOST_BYTES * 0.8, "the rest is the products'"


def test_every_product_of_a_fresh_shop_has_a_picture() -> None:
    symbols = set(re.findall(r'<symbol id="([^"]+)"', (SITE / "assets/pictures.svg").read_text()))
    for entry in catalogue():
        assert entry.sku in symbols
        assert (SITE / entry.image).is_file()
