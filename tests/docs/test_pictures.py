"""The pictures that the pages show, as `make screenshots` takes them."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tools.screenshots import PICTURES, story_picture

TAKEN = sorted(path for path in PICTURES.iterdir() if not path.name.startswith("architecture"))
# What names a kind of document, and is never asked for.
NAMESPACE = "http://www.w3.org/2000/svg"


def test_shop_order_dead_letters_and_story_are_shown() -> None:
    names = {path.name for path in TAKEN}
    assert names == {"shop-light.webp", "shop-dark.webp", "order.webp", "dead-letters.webp", "story.svg"}


@pytest.mark.parametrize("path", TAKEN, ids=lambda path: path.name)
def test_picture_is_small(path: Path) -> None:
    assert 2_000 < path.stat().st_size <= 60_000


def test_picture_of_a_story_says_the_same_in_the_readers_own_fonts() -> None:
    drawn = story_picture("\033[1mord_1\033[0m  \033[32mCONFIRMED\033[0m\n10:00:00 Order <placed> & paid\n")
    text = "".join(ET.fromstring(drawn).itertext()).replace("\N{NO-BREAK SPACE}", " ")
    assert "ord_1" in text
    assert "10:00:00 Order <placed> & paid" in text
    assert not re.findall("(?:https?:|url\\((?!#)|@import|@font-face)", drawn.replace(NAMESPACE, ""))


def test_committed_story_asks_no_other_address() -> None:
    drawn = (PICTURES / "story.svg").read_text()
    ET.fromstring(drawn)
    assert "://" not in drawn.replace(NAMESPACE, "")
