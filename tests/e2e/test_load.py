"""`make load`, small: every shopper's order ends, every route answers, and the audit holds."""

import json
import os
import subprocess
import sys
from pathlib import Path

from deployed.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
ORDERS = 12


def test_shoppers_are_served_and_counted(stack: Stack) -> None:
    environment = os.environ | {
        "CARTWHEEL_HOME": str(stack.file.parent),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    finished = subprocess.run(
        [sys.executable, "-m", "tools.load", "--orders", str(ORDERS), "--shoppers", "4", "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (run,) = json.loads(finished.stdout)
    assert run["confirmed"] == ORDERS
    requests = {name: route["requests"] for name, route in run["routes"].items()}
    assert requests.pop("GET /orders/{order_id}") >= ORDERS
    assert requests == {
        "GET /products": ORDERS,
        "GET /products/{sku}": 2 * ORDERS,
        "GET /trending": ORDERS,
        "POST /clicks": 4 * ORDERS,
        "POST /orders": ORDERS,
    }
    assert not any(route["failed"] for route in run["routes"].values())
    assert run["write_units"] > 0
    assert run["ceiling"] > 0
