"""`make site`: the documentation as pages, in .local/site.

Every page of the project is copied to the same place below .local/site-source, so that links between pages stay as
they are. What they link to in the code becomes a page that shows it or, if REPOSITORY_URL is set, a link into the
repository. Only this file and mkdocs.yml know the generator, which has an environment of its own, locked in
requirements/site.txt.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[1]
LOCAL = PROJECT / ".local"
SOURCE, SITE, TOOLS = LOCAL / "site-source", LOCAL / "site", LOCAL / "site-tools"
LOCK = PROJECT / "requirements" / "site.txt"
PICTURES = {".svg", ".webp", ".png"}
LANGUAGES = {".py": "python", ".yaml": "yaml", ".json": "json", ".js": "javascript", ".toml": "toml", ".sh": "sh"}
_LINK = re.compile(r"\]\(([^)\s#:]+)(#[^)\s]*)?\)")
_PICTURE = re.compile(r"\b(?:src|srcset)=\"([^\":]+)\"")
# A list may follow its paragraph at once on GitHub, and not in Python's Markdown.
_FENCED = re.compile(r"^( *)(`{3,}).*?^\1\2`*$", re.MULTILINE | re.DOTALL)
_TIGHT_LIST = re.compile(r"^((?![ \t]*(?:[-*]|\d+\.) |[|#> ]).+)\n(?=(?:[-*]|1\.) )", re.MULTILINE)
_NESTED = re.compile(r"^( {2,3})(?=[-*] )", re.MULTILINE)

type Navigation = list[Any]


class SiteError(Exception):
    """The site cannot be built; the message says why."""


class NotInstalled(SiteError):
    """The generator is not there and could not be installed."""


def tracked() -> frozenset[Path]:
    """What is in the repository, or will be with the next commit."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return frozenset(path for name in listed.stdout.splitlines() if (PROJECT / (path := Path(name))).exists())


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """The text with everything changed that is not in a fenced block."""
    parts, start = [], 0
    for block in _FENCED.finditer(text):
        parts += [change(text[start : block.start()]), block.group()]
        start = block.end()
    return "".join([*parts, change(text[start:])])


def as_markdown(text: str) -> str:
    """GitHub's lists as Python's Markdown reads them."""
    return outside_code(text, lambda prose: _NESTED.sub("    ", _TIGHT_LIST.sub(r"\1\n\n", prose)))


class Pages:
    """The pages of the site, and what they link to.

    `repository` is the address that links into the code lead to; without it, the code is copied.
    """

    def __init__(self, target: Path, repository: str = "") -> None:
        self.target = target
        self.repository = repository.rstrip("/")
        self.files = tracked()
        self.folders = {parent for file in self.files for parent in file.parents}
        self.copied: set[Path] = set()

    def collect(self) -> None:
        for page in sorted(file for file in self.files if file.suffix == ".md"):
            self.write(page, as_markdown(self.linked(page, (PROJECT / page).read_text())))

    def write(self, page: Path, text: str) -> None:
        (self.target / page).parent.mkdir(parents=True, exist_ok=True)
        (self.target / page).write_text(text)

    def linked(self, page: Path, text: str) -> str:
        def prose(text: str) -> str:
            for picture in _PICTURE.findall(text):
                self.leads_to(page, picture)
            return _LINK.sub(lambda link: f"]({self.leads_to(page, link[1], link[2] or '')})", text)

        return outside_code(text, prose)

    def leads_to(self, page: Path, link: str, fragment: str = "") -> str:
        """Where a link of a page leads on the site. Raises SiteError if it leads to nothing in the repository."""
        to = Path(os.path.normpath(page.parent / link))
        if to in self.files and to.suffix == ".md":
            return link + fragment
        if to in self.files and to.suffix in PICTURES:
            (self.target / to).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PROJECT / to, self.target / to)
            return link
        if to in self.folders and to / "README.md" in self.files:
            return f"{link.rstrip('/')}/README.md{fragment}"
        if to not in self.files | self.folders:
            raise SiteError(f"{page}: nothing is at {link}")
        if self.repository:
            return f"{self.repository}/{'tree' if to in self.folders else 'blob'}/main/{to}"
        return os.path.relpath(self.copy(to), page.parent)

    def copy(self, source: Path) -> Path:
        """The page that shows a file, or lists a folder."""
        page = source / "index.md" if source in self.folders else source.with_name(f"{source.name}.md")
        if page not in self.copied:
            self.copied.add(page)
            self.write(page, self.listing(page) if source in self.folders else self.shown(source))
        return page

    def shown(self, source: Path) -> str:
        text = (PROJECT / source).read_text()
        fence = "`" * (3 + max(map(len, re.findall(r"`{3,}", text)), default=0))
        return f"# {source}\n\n{routes(text)}{fence}{LANGUAGES.get(source.suffix, 'text')}\n{text.rstrip()}\n{fence}\n"

    def listing(self, page: Path) -> str:
        folder = page.parent
        files = sorted(file for file in self.files if file.parent == folder)
        folders = sorted(below for below in self.folders if below.parent == folder and below != folder)
        lines = [*(f"- {below.name}/" for below in folders)]
        lines += [f"- [{file.name}]({self.leads_to(page, file.name)})" for file in files]
        return f"# {folder}\n\n" + "\n".join(lines) + "\n"

    def navigation(self, entries: Navigation) -> Navigation:
        """mkdocs.yml's, with folders replaced by their pages. A folder without pages is left out."""
        expanded: Navigation = []
        for entry in entries:
            title, value = next(iter(entry.items())) if isinstance(entry, dict) else (None, entry)
            if isinstance(value, list):
                value = self.navigation(value)
            elif value.endswith("/"):
                value = list(self.in_folder(Path(value)))
            elif not value.endswith(".md"):
                value = str(self.copy(Path(value)))
            if value:
                expanded.append({title: value} if title else {title_of(PROJECT / value): value})
        return expanded

    def in_folder(self, folder: Path) -> Iterator[dict[str, str]]:
        pages = {file for file in self.files if file.parent == folder and file.suffix == ".md"}
        first = folder / "README.md"
        named = [folder / link for link, _ in _LINK.findall((PROJECT / first).read_text())] if first in pages else []
        for page in dict.fromkeys([*([first] if first in pages else []), *named, *sorted(pages)]):
            if page in pages:
                yield {"Overview" if page == first else title_of(PROJECT / page): str(page)}


def routes(text: str) -> str:
    """A table of an OpenAPI document's routes; nothing for any other text."""
    if not text.startswith("openapi: "):
        return ""
    rows = [
        f"| `{method.upper()} {path}` | {operation['summary']} |"
        for path, methods in yaml.safe_load(text)["paths"].items()
        for method, operation in methods.items()
        if "summary" in operation
    ]
    return "\n".join(["| route | |", "|---|---|", *rows]) + "\n\n"


def title_of(page: Path) -> str:
    """The page's heading, without marks. Raises SiteError if it has none."""
    heading = re.search(r"^# (.+)$", page.read_text(), re.MULTILINE)
    if not heading:
        raise SiteError(f"{page.relative_to(PROJECT)}: a page of the navigation needs a heading")
    title = heading[1].replace("`", "")
    return title[0].upper() + title[1:]


def collect(target: Path, repository: str = "") -> Path:
    """Writes the pages and the generator's configuration below `target`, and returns the latter."""
    shutil.rmtree(target, ignore_errors=True)
    pages = Pages(target / "pages", repository)
    pages.collect()
    settings = yaml.safe_load((PROJECT / "mkdocs.yml").read_text())
    settings["nav"] = pages.navigation(settings["nav"])
    if repository:
        settings["repo_url"] = repository
    (target / "mkdocs.yml").write_text(yaml.safe_dump(settings, sort_keys=False))
    return target / "mkdocs.yml"


def install() -> None:
    """The generator, as locked. Raises NotInstalled."""
    stamp = TOOLS / "lock"
    if stamp.exists() and stamp.read_text() == LOCK.read_text():
        return
    uv = LOCAL / "uv" / "bin" / "uv"
    for command in (
        [uv, "venv", "-q", "--clear", "--no-project", "--python", sys.executable, TOOLS],
        [uv, "pip", "sync", "-q", "--require-hashes", "--python", TOOLS, LOCK],
    ):
        try:
            subprocess.run([str(word) for word in command], cwd=PROJECT, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            reason = getattr(error, "stderr", None) or str(error)
            raise NotInstalled(f"the site's generator could not be installed: {reason.strip()}") from error
    stamp.write_text(LOCK.read_text())


def build(settings: Path) -> Path:
    """Where the built site is. Raises SiteError if the generator fails."""
    command = [str(TOOLS / "bin" / "zensical"), "build", "--clean", "--config-file", str(settings)]
    done = subprocess.run(command, cwd=settings.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SiteError(f"zensical failed:\n{done.stdout}{done.stderr}")
    return settings.parent / "built"


def main() -> None:
    try:
        install()
        built = build(collect(SOURCE, os.environ.get("REPOSITORY_URL", "")))
    except SiteError as error:
        sys.exit(f"site: {error}")
    shutil.rmtree(SITE, ignore_errors=True)
    built.rename(SITE)
    print(f"{len(list(SITE.rglob('*.html')))} pages: {(SITE / 'index.html').relative_to(PROJECT)}")


if __name__ == "__main__":
    main()
