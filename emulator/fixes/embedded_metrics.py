"""Metrics in log lines.

AWS: CloudWatch extracts the metrics of every log line in the embedded metric format, which is how Powertools publishes
them (CloudWatch User Guide, "Specification: Embedded metric format").
Emulator: keeps the line and publishes nothing, so that alarms and dashboards on the metrics stay empty.
Fix: extract them.
Goes when: MiniStack does.
"""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from emulator.patching import module, original

Metric = tuple[str, str, float, str, dict[str, str]]  # namespace, name, value, unit, dimensions


def apply() -> None:
    logs = module("services.cloudwatch_logs")
    append = original(logs, "_append_log_events", "stream events")
    publish = original(module("services.cloudwatch"), "record_metric", "namespace metric_name value unit dimensions")

    def append_log_events(stream: Any, events: list[dict[str, Any]]) -> None:
        append(stream, events)
        for event in events:
            for metric in metrics(event.get("message", "")):
                publish(*metric)

    logs._append_log_events = append_log_events


def metrics(line: str) -> Iterator[Metric]:
    """What one log line publishes: nothing, unless it is JSON with the format's `_aws` member."""
    if '"_aws"' not in line:
        return
    # A malformed document publishes what came before the mistake, as nothing can be reported to its writer.
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
        document = json.loads(line)
        for directive in document["_aws"]["CloudWatchMetrics"]:
            for names in directive.get("Dimensions") or [[]]:
                dimensions = {name: str(document[name]) for name in names}
                for metric in directive["Metrics"]:
                    values = document[metric["Name"]]
                    for value in values if isinstance(values, list) else [values]:
                        yield (
                            directive["Namespace"],
                            metric["Name"],
                            float(value),
                            metric.get("Unit", "None"),
                            dimensions,
                        )
