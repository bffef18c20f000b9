"""Writes the shop's pictures: one SVG per sku, shape by family, palette by sku, and all of them as one sprite.

A drawing is a piece of SVG on a canvas of 240 by 240. In it `$l`, `$b` and `$d` are the light, plain and dark tone of
what the thing is made of, `$a` is its accent, `$w`, `$o` and `$t` are wall, disc and table behind it, `$c` is cream,
`$i` ink, and `$s` marks a shadow.
"""

import zlib
from pathlib import Path
from string import Template
from typing import Final
from xml.sax.saxutils import escape

import yaml

from contracts.types import Value
from deployed.seeding import catalogue

_HERE: Final = Path(__file__).parent
_SITE: Final = _HERE / "site"
_DRAWINGS: Final = {path.stem: path.read_text() for path in (_HERE / "drawings").glob("*.svg")}
# Drawn for what has no drawing of its own.
_OTHER: Final = "parcel"


class Palette(Value):
    tile: str
    light: str
    plain: str
    dark: str
    accent: str


class Tile(Value):
    wall: str
    disc: str
    table: str


_BACKGROUND: Final = (
    '<path d="M0 0h240v240H0z" fill="$w"/>'
    '<circle cx="120" cy="116" r="88" fill="$o"/>'
    '<circle cx="120" cy="116" r="99" fill="none" stroke="$o" stroke-width="4" stroke-linecap="round" '
    'stroke-dasharray="0 12.96"/>'
)
# For a product that has no picture: the shop's wheel, on whatever colour is behind it.
_WHEEL: Final = (
    '<symbol id="picture-wheel" viewBox="0 0 240 240"><g fill="none" stroke="#27313b" opacity=".3">'
    '<circle cx="120" cy="120" r="76" stroke-width="14"/>'
    '<path d="M120 44v152M44 120h152M66 66l108 108M174 66L66 174" stroke-width="9"/></g></symbol>\n'
)


def _colours() -> tuple[dict[str, Tile], dict[str, Palette]]:
    read = yaml.safe_load((_HERE / "drawings" / "palettes.yaml").read_text())
    tiles = {name: Tile.model_validate(tile) for name, tile in read["tiles"].items()}
    return tiles, {sku: Palette.model_validate(palette) for sku, palette in read["skus"].items()}


_TILES, _PALETTES = _colours()


def generated() -> dict[Path, str]:
    """Returns the text of every picture and of the sprite, by the file they belong in."""
    named = {entry.sku: entry.name for entry in catalogue()}
    pictures = {_SITE / "images" / f"{sku}.svg": picture(sku, name) for sku, name in named.items()}
    return {**pictures, _SITE / "assets" / "pictures.svg": sprite(named)}


def picture(sku: str, name: str) -> str:
    """Returns the SVG of one sku, titled with its name."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 240" role="img">'
        f"<title>{escape(name)}</title>{_drawn(sku)}</svg>\n"
    )


def sprite(named: dict[str, str]) -> str:
    """Returns one SVG with a symbol per sku: the whole catalogue in one request."""
    symbols = (
        f'<symbol id="{sku}" viewBox="0 0 240 240"><title>{escape(name)}</title>{_drawn(sku)}</symbol>\n'
        for sku, name in named.items()
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{"".join(symbols)}{_WHEEL}</svg>\n'


def family(sku: str) -> str:
    """Returns the drawing whose name the sku begins with, or else the one for everything."""
    fitting = [name for name in _DRAWINGS if f"{sku.lower()}-".startswith(f"{name}-")]
    return max(fitting, key=len, default=_OTHER)


def palette(sku: str) -> Palette:
    """Returns the colours chosen for the sku, or those of a neighbour, always the same."""
    return _PALETTES.get(sku) or list(_PALETTES.values())[zlib.crc32(sku.encode()) % len(_PALETTES)]


def _drawn(sku: str) -> str:
    of = palette(sku)
    tile = _TILES[of.tile]
    drawing = "".join(line.strip() for line in (_BACKGROUND + _DRAWINGS[family(sku)]).splitlines())
    return Template(drawing).substitute(
        l=of.light, b=of.plain, d=of.dark, a=of.accent,
        w=tile.wall, o=tile.disc, t=tile.table,
        c="#fbf1dc", i="#27313b", s='opacity=".18"',
    )  # fmt: skip


def main() -> None:
    for path, text in generated().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
