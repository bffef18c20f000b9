"""The shop's pictures, as `make pictures` writes them: one per product, small, drawings and nothing else."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from deployed.seeding import catalogue
from pictures import family, generated, palette, picture

FILES = generated()
SITE = Path(__file__).parents[2] / "web" / "site"
PRODUCTS = {entry.sku: entry for entry in catalogue()}
SVG = "{http://www.w3.org/2000/svg}"
# What draws, and what says so: no script, no style, nothing that loads.
DRAWN = {"svg", "symbol", "title", "g", "path", "circle", "ellipse", "rect"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_picture_is_current(path: Path) -> None:
    assert path.read_text() == FILES[path], "run `make pictures`"


def test_every_product_has_a_picture_and_every_picture_a_product() -> None:
    assert {SITE / entry.image for entry in PRODUCTS.values()} == set((SITE / "images").iterdir())


@pytest.mark.parametrize("sku", PRODUCTS)
def test_picture_is_small_and_named_as_the_product(sku: str) -> None:
    text = FILES[SITE / PRODUCTS[sku].image]
    assert len(text.encode()) <= 2048
    assert ET.fromstring(text).findtext(f"{SVG}title") == PRODUCTS[sku].name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_picture_is_a_drawing_that_a_strict_policy_lets_through(path: Path) -> None:
    for element in ET.fromstring(FILES[path]).iter():
        assert element.tag.removeprefix(SVG) in DRAWN
        assert not [name for name in element.attrib if name == "style" or name.startswith("on") or "href" in name]
        assert "url(" not in "".join(element.attrib.values())


def test_sprite_has_every_picture_under_its_sku() -> None:
    symbols = {symbol.get("id") for symbol in ET.fromstring(FILES[SITE / "assets" / "pictures.svg"])}
    assert symbols == PRODUCTS.keys() | {"picture-wheel"}


def test_products_of_the_catalogue_are_told_apart_by_shape() -> None:
    shapes = [family(sku) for sku in PRODUCTS]
    assert "parcel" not in shapes
    assert len(set(shapes)) == len(shapes)


@pytest.mark.parametrize(
    ("sku", "shape"),
    [("BIKE-BELL-STEEL", "bike-bell"), ("MUG", "mug"), ("MUGWORT-TEA", "parcel"), ("SLEDGE-ASH-90", "parcel")],
)
def test_new_sku_is_drawn_as_its_family(sku: str, shape: str) -> None:
    assert family(sku) == shape
    assert len(re.findall("fill=", picture(sku, "New & <soon>"))) > 3


def test_new_sku_has_the_same_colours_on_every_machine() -> None:
    assert palette("SLEDGE-ASH-90").tile == "sand"


def test_name_is_written_as_text() -> None:
    assert ET.fromstring(picture("MUG-NEW", "Salt & <pepper>")).findtext(f"{SVG}title") == "Salt & <pepper>"
