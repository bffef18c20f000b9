"""What an order costs the embedded AWS is measured on the running shop."""

import json
import os
import subprocess
import sys
from pathlib import Path

from deployed.stack import Stack

ROOT = Path(__file__).resolve().parents[2]


def test_an_order_is_taken_apart(stack: Stack) -> None:
    environment = os.environ | {
        "CARTWHEEL_HOME": str(stack.file.parent),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    finished = subprocess.run(
        [sys.executable, "-m", "tools.emulator_cost", "--orders", "6", "--warm-up", "1", "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    figures = json.loads(finished.stdout)
    assert figures["server"] > 0
    assert figures["functions"] > 0
    assert figures["runs"] > 1
    assert figures["calls"]["dynamodb:TransactWriteItems"] >= 1
