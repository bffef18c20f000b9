"""What goes into one file for the first view still means the same, and nothing is left that leads nowhere."""

import re
from pathlib import Path

import pytest

from publish.bundle import ENTRY, NotBundled, bundled

SITE = Path("web/site")
LIT = "assets/vendor/lit-html.js"


def assets_of(**modules: str) -> dict[str, bytes]:
    """By name below assets/, with _ for / and without the ending."""
    return {f"assets/{name.replace('_', '/')}.js": text.encode() for name, text in modules.items()}


def test_what_is_imported_comes_first_and_once() -> None:
    text = bundled(
        assets_of(
            app='import { b } from "./b.js";\nimport { a } from "./a.js";\nb(a);\n',
            b='import { a } from "./a.js";\nexport const b = () => a;\n',
            a="export const a = 1;\n",
        )
    )[ENTRY].decode()
    assert text.index("const a = 1") < text.index("const b = ") < text.index("b(a);")
    assert text.count("const a = 1") == 1
    assert "./a.js" not in text


def test_modules_that_import_each_other_end_up_there_once() -> None:
    text = bundled(
        assets_of(
            app='import { a } from "./a.js";\na();\n',
            a='import { b } from "./b.js";\nexport function a() {\n  return b;\n}\n',
            b='import { a } from "./a.js";\nexport function b() {\n  return a;\n}\n',
        )
    )[ENTRY].decode()
    assert text.count("function a()") == text.count("function b()") == 1


def test_a_later_page_imports_what_it_shares_from_the_bundle_and_the_rest_from_where_it_is() -> None:
    later = bundled(
        assets_of(
            app='import { cart } from "./cart.js";\nimport("./pages/late.js");\n',
            cart="export const cart = [];\n",
            pages_late='import { cart } from "../cart.js";\nimport { own } from "../own.js";\ncart.push(own);\n',
            own='import { cart } from "./cart.js";\nexport const own = cart;\n',
        )
    )
    assert 'import { cart } from "../app.js";' in later["assets/pages/late.js"].decode()
    assert 'import { own } from "../own.js";' in later["assets/pages/late.js"].decode()
    assert 'import { cart } from "./app.js";' in later["assets/own.js"].decode()
    assert "assets/cart.js" not in later, "a second copy would have a state of its own"


def test_the_library_stays_a_file_of_its_own_and_is_imported_once() -> None:
    files = assets_of(
        app='import { html } from "./vendor/lit-html.js";\nimport "./a.js";\nhtml();\n',
        a='import { html, svg } from "./vendor/lit-html.js";\nsvg(html);\n',
    ) | {LIT: b"export{a as html,b as svg};"}
    after = bundled(files)
    assert after[LIT] == files[LIT]
    assert after[ENTRY].decode().count("vendor/lit-html.js") == 1
    assert after[ENTRY].decode().startswith('import { html, svg } from "./vendor/lit-html.js";')


@pytest.mark.parametrize(
    ("modules", "said"),
    [
        ({"app": 'import "./a.js";\nconst kept = 1;\n', "a": "const kept = 2;\n"}, "kept"),
        ({"app": 'import "./deep/a.js";\n', "deep_a": 'import("./b.js");\n'}, "deep/a.js"),
        ({"app": 'import "./deep/a.js";\n', "deep_a": 'new URL("b", import.meta.url);\n'}, "deep/a.js"),
        ({"app": 'import * as a from "./a.js";\n', "a": ""}, "app.js"),
        ({"app": 'import "./a.js";\n', "a": "export default 1;\n"}, "a.js"),
        ({"app": 'import "./a.js";\n', "a": 'export { b } from "./b.js";\n', "b": ""}, "a.js"),
    ],
)
def test_what_would_mean_something_else_is_refused(modules: dict[str, str], said: str) -> None:
    files = {f"assets/{name.replace('deep_', 'deep/')}.js": text.encode() for name, text in modules.items()}
    with pytest.raises(NotBundled, match=said):
        bundled(files)


def test_every_import_of_the_published_site_leads_to_a_file_that_is_published() -> None:
    files = {path.relative_to(SITE).as_posix(): path.read_bytes() for path in SITE.rglob("*") if path.is_file()}
    after = bundled({name: body for name, body in files.items() if name.startswith("assets/")})
    for name, body in after.items():
        if name.endswith(".js") and name != LIT:
            code = re.sub(r"/\*\*.*?\*/", "", body.decode(), flags=re.DOTALL)  # types name modules in comments
            for path in re.findall(r'(?:from |import\(|^import )"([^"]+)"', code, re.MULTILINE):
                assert path.startswith("."), f"{name}: {path}"
                found = (SITE / name).parent.joinpath(path).resolve().relative_to(SITE.resolve()).as_posix()
                assert found in after, f"{name}: {path}"
