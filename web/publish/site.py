"""What the storefront's bucket holds: names, types and how long browsers may keep each."""

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
# Its name never stands for other bytes (RFC 8246).
IMMUTABLE = "public, max-age=31536000, immutable"
# Has a name that pages, orders and bookmarks know: an hour old at most.
NAMED = "public, max-age=3600"
# Leads to all the rest, so browsers ask each time whether it has changed.
ENTRY = "no-cache"
TREE_LENGTH = 16
# Only what Python knows itself, whatever /etc/mime.types of the machine says.
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
    """All objects, in the order in which they may appear: what is referred to before what refers to it."""

    tree: str  # where the assets are: `assets/<hash of their names and bytes>/`
    files: tuple[File, ...]


def site(folder: Path, config: Mapping[str, Any]) -> Site:
    """The site in `folder`. Its assets move below a name that their content decides, so that they may be kept for ever,
    and index.html, which names them as `assets/…`, is written to match. `config` becomes config.json.
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
    """Such as a licence, whose name ends in nothing that is known."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in body
