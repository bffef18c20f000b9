"""The objects in the storefront's bucket: their names, types, and how long browsers may cache them."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from mimetypes import MimeTypes
from pathlib import Path
from typing import Any

from publish.bundle import bundled

INDEX, CONFIG, ASSETS = "index.html", "config.json", "assets/"
# The content under such a name never changes (RFC 8246).
IMMUTABLE = "public, max-age=31536000, immutable"
# Pages, orders and bookmarks refer to this name, so browsers cache the content for an hour at most.
NAMED = "public, max-age=3600"
# Refers to all other files, so browsers check each time whether it has changed.
ENTRY = "no-cache"
TREE_LENGTH = 16
# Only the types that Python knows by itself. The machine's /etc/mime.types has no influence.
_TYPES = MimeTypes(filenames=())
_TEXT = ("application/json", "application/manifest+json", "image/svg+xml")


@dataclass(frozen=True)
class File:
    """One object of the bucket."""

    key: str
    body: bytes
    type: str
    cache: str


@dataclass(frozen=True)
class Site:
    """All objects in upload order: a file comes before the files that refer to it."""

    tree: str  # where the assets are: `assets/<hash of their names and bytes>/`
    files: tuple[File, ...]


def site(folder: Path, config: Mapping[str, Any]) -> Site:
    """Reads the site from `folder`. Its assets move into a folder named after their content, so that browsers may cache
    them for ever. The references to `assets/…` in index.html are changed to match. `config` becomes config.json.
    Raises NotBundled."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    index = found.pop(INDEX)
    assets = bundled({name: body for name, body in sorted(found.items()) if name.startswith(ASSETS)})
    tree = f"{ASSETS}{_hash(assets)}/"
    moved = [_file(tree + name.removeprefix(ASSETS), body, IMMUTABLE) for name, body in assets.items()]
    named = [_file(name, body, NAMED) for name, body in sorted(found.items()) if name not in assets]
    entry = [
        _file(CONFIG, json.dumps(config, indent=2).encode() + b"\n", ENTRY),
        _file(INDEX, re.sub(rb'(?<=["\'])assets/', tree.encode(), index), ENTRY),
    ]
    return Site(tree, (*moved, *named, *entry))


def _hash(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, body in files.items():
        digest.update(f"{name}\0{len(body)}\0".encode() + body)
    return digest.hexdigest()[:TREE_LENGTH]


def _file(name: str, body: bytes, cache: str) -> File:
    kind = _TYPES.guess_type(name)[0] or ("text/plain" if _is_text(body) else "application/octet-stream")
    text = kind.startswith("text/") or kind in _TEXT
    return File(name, body, f"{kind}; charset=utf-8" if text else kind, cache)


def _is_text(body: bytes) -> bool:
    """Returns the type of a file whose suffix is unknown, such as a licence."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in body
