"""docs/one-order.md: one real order, step by step. `make one-order` places it on the running stack and writes the page.

The order's events and rows are stored in docs/one-order.json. With --quote, only the code on the page is updated, which
needs no stack.
"""

import ast
import json
import sys
import time
import uuid
from typing import Any

import jinja2

from contracts.types import Goods
from deployed.front_door import FrontDoor
from deployed.mails import with_text
from deployed.stack import PROJECT, Stack
from deployed.users import sign_in
from shopkit.dynamodb import from_item

DOCS = PROJECT / "docs"
PAGE, CAPTURE = DOCS / "one-order.md", DOCS / "one-order.json"
TEMPLATE = PROJECT / "tools" / "one-order.md.j2"
GOODS = Goods(sku="MUG-STONE-350", quantity=2)
ADDRESS = {
    "name": "A Customer",
    "line1": "1 Example Street",
    "city": "Springfield",
    "postal_code": "62701",
    "country": "US",
}
# An order's last events, which arrive in any order.
LAST = {"StockCommitted", "NotificationSent"}
PATIENCE_SECONDS = 60

type Capture = dict[str, Any]


def capture(stack: Stack) -> Capture:
    """Places an order, waits for its last events, and collects its rows from every service's table."""
    user = stack.details.customers[0]
    with FrontDoor(stack.details.api_url, sign_in(stack, user.email)) as door:
        placed, _ = door.place([GOODS], payment_method="pm_visa", shipping_address=ADDRESS, key=str(uuid.uuid4()))
        order_id = placed.order_id
        events = _events(stack, order_id)
    row = _rows(stack)
    return {
        "answer": placed.model_dump(mode="json"),
        "events": {f"{event['type']} {event['data'].get('about', '')}".strip(): event for event in events},
        "order": row("Order/Orders", pk=f"order#{order_id}"),
        "reservation": row("Inventory/Inventory", pk=f"reservation#{order_id}"),
        "payment": row("Payment/Payments", order_id=order_id),
        "charge": row("Payment/SandboxLedger", order_id=order_id),
        "mail": with_text(row("Notify/Notifications", pk=f"{_id_of(events, 'OrderConfirmed')}#email")),
    }


def render(captured: Capture) -> str:
    """Returns the page, with the current code."""
    jinja = jinja2.Environment(  # noqa: S701 - Markdown, of our own data
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    return jinja.from_string(TEMPLATE.read_text()).render(captured, code=code, shown=shown)


def code(path: str, name: str) -> str:
    """Returns the function `name` of a file as a fenced block, below a link to its file."""
    source = (PROJECT / path).read_text()
    found = next(
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name
    )
    first = min([found.lineno, *(decorator.lineno for decorator in found.decorator_list)])
    lines = "\n".join(source.splitlines()[first - 1 : found.end_lineno])
    return f"[`{path}`](../{path})\n\n```python\n{lines}\n```"


def shown(document: Any) -> str:
    return f"```json\n{json.dumps(document, indent=2, ensure_ascii=False)}\n```"


def _events(stack: Stack, order_id: str) -> list[dict[str, Any]]:
    """Returns all events in the order's timeline, once the last of them has arrived."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = stack.client("dynamodb").query(
            TableName=stack.resources["Order/Timeline"],
            KeyConditionExpression="order_id = :order_id",
            ExpressionAttributeValues={":order_id": {"S": order_id}},
        )["Items"]
        events = [from_item(item) for item in found]
        about = {event["data"].get("about") for event in events}
        if {event["type"] for event in events} >= LAST and "OrderConfirmed" in about:
            return events
        if time.monotonic() > deadline:
            raise SystemExit(f"{order_id} did not come to its end: ./shop story {order_id}")
        time.sleep(0.2)


def _id_of(events: list[dict[str, Any]], event_type: str) -> str:
    found: str = next(event["event_id"] for event in events if event["type"] == event_type)
    return found


def _rows(stack: Stack) -> Any:
    dynamodb = stack.client("dynamodb")

    def row(path: str, **key: str) -> dict[str, Any]:
        """Returns the row, with its attributes in alphabetical order, as the console shows them."""
        item = dynamodb.get_item(
            TableName=stack.resources[path], Key={name: {"S": value} for name, value in key.items()}
        )["Item"]
        return dict(sorted(from_item(item).items()))

    return row


def main(arguments: list[str]) -> None:
    if "--quote" not in arguments:
        captured = capture(Stack.local(PROJECT / ".local"))
        CAPTURE.write_text(json.dumps(captured, indent=2, ensure_ascii=False) + "\n")
    PAGE.write_text(render(json.loads(CAPTURE.read_text())))
    sys.stdout.write(f"{PAGE.relative_to(PROJECT)} is written\n")


if __name__ == "__main__":
    main(sys.argv[1:])
