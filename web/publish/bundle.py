"""The modules of the first view in one file, so that it takes one request for them instead of twenty.

The site's modules are written for this: they import by name and from relative paths, they export declarations, and
those of the first view give every top-level name once. So putting them one after another, in the order in which a
browser runs them, changes nothing but their number. Pages that are loaded later are made to import from that one
file, and so share its state.
"""

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping

ENTRY = "assets/app.js"
VENDOR = "assets/vendor/"
_IMPORT = re.compile(r'^import (?:\{([^}]*)\} from )?"(\.[^"]+)";\n', re.MULTILINE)
_ODD = re.compile(
    r'^import (?!\{[^}]*\} from "\.|"\.)|^export (?!(?:async )?(?:function|class|const|let)\b)', re.MULTILINE
)
_DECLARED = re.compile(r"^(export )?(?:async )?(?:function|class|const|let) ([A-Za-z_$][\w$]*)", re.MULTILINE)


class NotBundled(ValueError):
    """The modules cannot share one file; the message says which name or module is in the way."""


def bundled(assets: Mapping[str, bytes]) -> dict[str, bytes]:
    """`assets` by name, with the static imports of app.js in app.js. Raises NotBundled."""
    modules = list(_in_order(assets, ENTRY, []))
    texts = {name: assets[name].decode() for name in modules}
    _check(texts)
    vendored: dict[str, set[str]] = {}
    for name, text in texts.items():
        for names, path in _IMPORT.findall(text):
            if (found := _resolved(name, path)).startswith(VENDOR):
                vendored.setdefault(found, set()).update(one.strip() for one in names.split(","))
    imports = [f'import {{ {", ".join(sorted(names))} }} from "./{_below(path)}";' for path, names in vendored.items()]
    bodies = [_IMPORT.sub("", text) for text in texts.values()]
    others = {name: _led_here(name, body, texts) for name, body in assets.items() if name not in texts}
    return {**others, ENTRY: "\n".join([*imports, *bodies]).encode()}


def _in_order(assets: Mapping[str, bytes], name: str, seen: list[str]) -> Iterator[str]:
    """As a browser runs them: what is imported first, each once (ECMA-262, InnerModuleEvaluation)."""
    seen.append(name)
    for _, path in _IMPORT.findall(assets[name].decode()):
        found = _resolved(name, path)
        if found not in seen and not found.startswith(VENDOR):
            yield from _in_order(assets, found, seen)
    yield name


def _check(texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        # Both mean another place once the code stands in app.js.
        if _below(name) != posixpath.basename(name) and re.search(r"import\(|import\.meta", text):
            raise NotBundled(f"{name} imports as it goes, or asks where it is: only modules beside app.js may")
        if _ODD.search(text):
            raise NotBundled(f"{name} imports or exports in another way than by declared names")
    names = Counter(name for text in texts.values() for _, name in _DECLARED.findall(text))
    if twice := sorted(name for name, count in names.items() if count > 1):
        raise NotBundled(f"declared by more than one module of the first view: {', '.join(twice)}")


def _led_here(name: str, body: bytes, texts: Mapping[str, str]) -> bytes:
    """A module outside the bundle, importing from the bundle what is in it now."""
    if not name.endswith(".js") or name.startswith(VENDOR):
        return body
    up = posixpath.relpath(ENTRY, posixpath.dirname(name))
    entry = up if up.startswith(".") else f"./{up}"

    def led(found: re.Match[str]) -> str:
        path = found[2]
        return found[0].replace(f'"{path}"', f'"{entry}"') if _resolved(name, path) in texts else found[0]

    return _IMPORT.sub(led, body.decode()).encode()


def _resolved(name: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def _below(name: str) -> str:
    """The name as app.js sees it."""
    return posixpath.relpath(name, posixpath.dirname(ENTRY))
