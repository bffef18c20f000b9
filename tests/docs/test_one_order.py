"""docs/one-order.md quotes the code of today."""

import json

from tools.one_order import CAPTURE, PAGE, render


def test_the_page_is_what_its_template_makes_of_the_code_and_the_captured_order() -> None:
    assert PAGE.read_text() == render(json.loads(CAPTURE.read_text())), "quote it anew: make schemas"
