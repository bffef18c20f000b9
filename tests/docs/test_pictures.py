"""The pictures that the pages show, as `make screenshots` takes them."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tools.screenshots import PICTURES, terminal_picture

TAKEN = sorted(path for path in PICTURES.iterdir() if not path.name.startswith("architecture"))
# What names a kind of document, and is never asked for.
NAMESPACE = "http://www.w3.org/2000/svg"


def test_shop_order_dead_letters_story_and_trace_are_shown() -> None:
    names = {path.name for path in TAKEN}
    assert names == {"shop-light.webp", "shop-dark.webp", "order.webp", "dead-letters.webp", "story.svg", "trace.svg"}


@pytest.mark.parametrize("path", TAKEN, ids=lambda path: path.name)
def test_picture_is_small(path: Path) -> None:
    assert 2_000 < path.stat().st_size <= 60_000


def test_picture_of_a_story_says_the_same_in_the_readers_own_fonts() -> None:
    said = "\033[1mord_1\033[0m  \033[32mCONFIRMED\033[0m\n10:00:00 Order <placed> & paid\n"
    drawn = terminal_picture("./shop story", said, 80)
    text = "".join(ET.fromstring(drawn).itertext()).replace("\N{NO-BREAK SPACE}", " ")
    assert "$ ./shop story" in text
    assert "ord_1" in text
    assert "10:00:00 Order <placed> & paid" in text
    assert not re.findall("(?:https?:|url\\((?!#)|@import|@font-face)", drawn.replace(NAMESPACE, ""))


@pytest.mark.parametrize("name", ["story.svg", "trace.svg"])
def test_committed_picture_of_a_terminal_asks_no_other_address(name: str) -> None:
    drawn = (PICTURES / name).read_text()
    ET.fromstring(drawn)
    assert "://" not in drawn.replace(NAMESPACE, "")
