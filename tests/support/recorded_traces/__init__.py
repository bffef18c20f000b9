"""Traces of two orders, as the embedded AWS recorded them, without what nobody reads and with short names.

`retried` was placed with pm_flaky; `waiting` with pm_visa, while inventory.sync and clickstream.purchases were switched
off.
"""

import json
from pathlib import Path
from typing import Any

from deployed.traces.names import Names
from deployed.traces.xray import Segment, parsed

_HERE = Path(__file__).parent


def documents(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (_HERE / f"{name}.jsonl").read_text().splitlines()]


def segments(name: str) -> list[Segment]:
    return [segment for document in documents(name) for segment in parsed(document)]


def names(name: str) -> Names:
    read = {str(facts["table"]) for segment in segments(name) for facts in segment.facts.values() if "table" in facts}
    called = {segment.name for segment in segments(name)}
    used = {str(segment.aws.get("table_name", "")) for segment in segments(name)}
    found = read | called | used
    return Names({text: text.removeprefix("shop-").replace("-", "/") for text in found if text.startswith("shop-")})
