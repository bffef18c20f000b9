"""docs/cost.md and docs/cost.json: what orders use on the running stack, and what it costs. `make cost` writes them."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import jinja2

from deployed.stack import PROJECT

PAGE, RECORD, TEMPLATE = PROJECT / "docs" / "cost.md", PROJECT / "docs" / "cost.json", PROJECT / "tools" / "cost.md.j2"
SHOWN_USD = 0.005


def main() -> None:
    measured = subprocess.run(
        [sys.executable, "-m", "cli", "--json", "cost", *sys.argv[1:]], cwd=PROJECT, capture_output=True, check=False
    )
    if measured.returncode:
        sys.exit(measured.stderr.decode() or "./shop cost failed")
    bill = json.loads(measured.stdout) | {"on": f"{datetime.now(UTC):%Y-%m-%d}"}
    RECORD.write_text(json.dumps(bill, indent=2) + "\n")
    PAGE.write_text(render(bill))
    print(f"{PAGE.relative_to(PROJECT)} is written")


def render(bill: dict[str, Any]) -> str:
    jinja = jinja2.Environment(  # noqa: S701 - Markdown, of our own data
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    return jinja.from_string(TEMPLATE.read_text()).render(
        bill,
        rows=_rows(bill),
        services=_services(bill["per_million"]["EXPRESS"]),
        idle_services=_services(bill["idle_month"]),
        transitions=_services(bill["per_million"]["STANDARD"])["Step Functions"],
    )


def _rows(bill: dict[str, Any]) -> list[dict[str, Any]]:
    """One row for each line that costs anything, with both kinds of checkout."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for kind in ("EXPRESS", "STANDARD"):
        for line in bill["per_million"][kind]["lines"]:
            row = found.setdefault((line["service"], line["what"]), {**line, "EXPRESS": 0.0, "STANDARD": 0.0})
            row[kind] = line["usd"]
            row["amount"] = max(row["amount"], line["amount"])
    return [row for row in found.values() if max(row["EXPRESS"], row["STANDARD"]) >= SHOWN_USD]


def _services(lines_of: dict[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for line in lines_of["lines"]:
        found[line["service"]] = found.get(line["service"], 0.0) + line["usd"]
    return found


if __name__ == "__main__":
    main()
