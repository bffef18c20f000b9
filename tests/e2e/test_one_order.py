"""docs/one-order.md tells of an order as orders are today."""

import json
from typing import Any

from deployed.stack import Stack
from tools.one_order import CAPTURE, capture


def shape(document: Any) -> Any:
    """What is there, whatever its value."""
    match document:
        case dict():
            return {name: shape(value) for name, value in document.items()}
        case list():
            return [shape(value) for value in document]
        case _:
            return type(document).__name__


def any_order(captured: dict[str, Any]) -> Any:
    """The same, whatever the order's id: it is also in the names of the gateway's answers."""
    return json.loads(json.dumps(captured).replace(captured["answer"]["order_id"], "ord_any"))


def test_a_fresh_order_leaves_the_events_and_rows_that_the_page_shows(stack: Stack) -> None:
    assert shape(any_order(capture(stack))) == shape(any_order(json.loads(CAPTURE.read_text())))
