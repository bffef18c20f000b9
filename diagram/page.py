"""What the storefront's page about the architecture knows of each node, and of the way of each event."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from contracts.envelope import EventData
from contracts.events import EVENTS
from diagram.glyphs import NAMES
from diagram.graph import ATTACHED, Graph, Node, template_lines
from diagram.journeys import journeys
from diagram.picture import TITLES, identity
from diagram.routing import Line
from tools.deployment import generated_name
from tools.expand import ROOT

WORDS = Path(__file__).parent / "words.yaml"
PRICES = ROOT / "deployed" / "data" / "prices.json"
RECORDED = ROOT / "docs" / "one-order.json"
_MILLION = 1_000_000
_SMALL = 0.001  # dollars, below which a price is told per million
# What is paid for a node, by its kind: names in prices.json, and the unit in words.
_PAID: dict[str, tuple[tuple[str, str], ...]] = {
    "api": (("api_gateway_rest_request", "requests"),),
    "archive": (("eventbridge_archive_gb", "GB archived"),),
    "bus": (("eventbridge_custom_event_64kb", "events of up to 64 KB"),),
    "cluster": (("msk_serverless_cluster_hour", "hour"), ("msk_serverless_partition_hour", "partition and hour")),
    "dead-letters": (("sqs_request", "requests"),),
    "function": (("lambda_request", "runs"), ("lambda_arm64_gb_second", "GB-seconds")),
    "machine": (("step_functions_standard_transition", "steps"),),
    "queue": (("sqs_request", "requests"),),
    "stream": (("kinesis_shard_month", "shard and month"), ("kinesis_put_unit_25kb", "puts of up to 25 KB")),
    "table": (("dynamodb_write_unit", "writes of 1 KB"), ("dynamodb_read_unit", "reads of 4 KB")),
    "topic": (("sns_request", "requests"),),
}
_FREE = {
    "rule": "Rules are free; the events are paid on the bus.",
    "schedule": "Free: the function's runs are paid.",
    "pool": "Free up to 10,000 users a month.",
    "cdn": "Free while idle, and up to 10 million requests a month.",
    "bucket": "By what it stores, which is little here.",
    "firehose": "By what it delivers, which is little here.",
}


@cache
def words() -> dict[str, dict[str, str]]:
    read: dict[str, dict[str, str]] = yaml.safe_load(WORDS.read_text())
    return read


def undescribed(graph: Graph) -> list[str]:
    """What diagram/words.yaml lacks, and what it says too much."""
    nodes = {node.id for node in graph.nodes.values() if node.kind not in ATTACHED}
    described = words()["nodes"].keys()
    return [
        *(f"{node} has no sentence in diagram/words.yaml" for node in sorted(nodes - described)),
        *(f"diagram/words.yaml describes {node}, which is in no template" for node in sorted(described - nodes)),
        *(f"diagram/words.yaml says of no function that it makes {event.__name__}" for event in _unmade()),
    ]


def _unmade() -> Iterator[type[EventData]]:
    return (event for event in EVENTS if event.__name__ not in words()["events"])


def document(graph: Graph, lines: list[Line]) -> str:
    """The page's data as JSON."""
    drawn = {edge: identity(line) for line in lines for edge in line.edges}
    ways = journeys(graph, words()["events"])
    for stages in ways.values():
        for hop in (hop for stage in stages for hop in stage):
            hop["line"] = drawn.get((hop["from"], hop["to"], hop.pop("kind")))
    watching = alarms(graph)
    content = {
        "nodes": {node.id: _described(graph, node, watching.get(node.id, [])) for node in graph.nodes.values()},
        "edges": [[edge.source, edge.target, edge.kind, *([edge.via] if edge.via else [])] for edge in graph.edges],
        "events": ways,
        "lines": {identity(line): sorted({end for edge in line.edges for end in edge[:2]}) for line in lines},
        "sample": _sample(),
    }
    parts = (f"{json.dumps(name)}: {_compact(part)}" for name, part in content.items())
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _compact(part: Any) -> str:
    return json.dumps(part, separators=(",", ":"), ensure_ascii=False)


def _sample() -> list[dict[str, Any]]:
    """The events of docs/one-order.md as the API shows them, for those who have no order of their own."""
    recorded = json.loads(RECORDED.read_text())["events"].values()
    fields = ("source", "type", "event_id", "correlation_id", "data")
    events = [{"at": event["occurred_at"], **{name: event[name] for name in fields}} for event in recorded]
    return sorted(events, key=lambda event: event["at"])


def _described(graph: Graph, node: Node, watching: list[dict[str, str]]) -> dict[str, Any]:
    first, last = template_lines(node)
    found: dict[str, Any] = {
        "name": node.label,
        "kind": NAMES[node.kind],
        "service": TITLES.get(node.service, node.service),
        "text": sentence(graph, node),
        "template": f"{node.template.as_posix()}:{first}",
        "lines": "\n".join((ROOT / node.template).read_text().splitlines()[first - 1 : last]),
        "price": list(_prices(graph, node)),
        "alarms": watching,
    }
    if code := code_of(graph, node):
        found["code"] = code
    if node.optional:
        found["optional"] = True
    return found


def sentence(graph: Graph, node: Node) -> str:
    """What the node is for."""
    owner = graph.nodes[node.owner].label if node.owner else ""
    match node.kind:
        case "rule":
            pattern = graph.resources[node.id].properties["EventPattern"]
            types = ", ".join(pattern.get("detail-type", ["every event"]))
            values = [value for one in pattern.get("detail", {}).get("data", {}).values() for value in one]
            if values and all(isinstance(value, str) for value in values):
                types += f" that is {' or '.join(values)}"
            return f"Lets {types} pass to {owner}."
        case "schedule":
            expression = graph.resources[node.id].properties["ScheduleExpression"]
            return f"Runs {owner} at a {expression.replace('(', ' of ').rstrip(')')}."
        case "dead-letters":
            return f"Keeps what {owner} could not handle for 14 days, for a person to look at and send back."
        case _:
            return words()["nodes"][node.id]


def code_of(graph: Graph, node: Node) -> str | None:
    """The module of a function, or the definition of a state machine, as a path in the project."""
    if node.kind == "machine":
        return f"workflows/{node.logical_id.lower()}.asl.yaml"
    if node.kind != "function":
        return None
    module = graph.resources[node.id].properties["Handler"].removesuffix(".handler").replace(".", "/")
    folder = node.template.parent
    found = [path for path in (folder / "src" / f"{module}.py", folder / f"{module}.py") if (ROOT / path).is_file()]
    return found[0].as_posix()


def alarms(graph: Graph) -> dict[str, list[dict[str, str]]]:
    """Name and description of each alarm that watches a node or its dead letters, by node."""
    nodes = {text: node for node in graph.nodes.values() for text in _named(graph, node)}
    found: dict[str, list[dict[str, str]]] = {}
    for alarm in (it for it in graph.resources.values() if it.type == "AWS::CloudWatch::Alarm"):
        text = re.sub(r" See docs/\S+$", "", alarm.properties.get("AlarmDescription", ""))
        told = {"name": alarm.properties["AlarmName"].removeprefix("cartwheel-"), "text": text}
        values = set(_dimensions(alarm.properties))
        watched = {node for name, node in nodes.items() if values & {name, f"{name}.QueueName", f"{name}.Name"}}
        for node in sorted({it.id for it in watched} | {it.owner for it in watched if it.owner}):
            found.setdefault(node, []).append(told)
    return found


def _dimensions(properties: dict[str, Any]) -> Iterator[str]:
    """Every value by which the alarm's metrics are chosen."""
    for metric in (properties, *(it.get("MetricStat", {}).get("Metric", {}) for it in properties.get("Metrics", []))):
        yield from (str(dimension["Value"]) for dimension in metric.get("Dimensions", []))


def _named(graph: Graph, node: Node) -> Iterator[str]:
    """The texts that name the node in a dimension. The stack's own name is also that of the shop's metrics."""
    found = graph.resources[node.id]
    yield generated_name(found.stack, found.logical_id)
    if found.written_name and found.written_name != "cartwheel":
        yield found.written_name


def _prices(graph: Graph, node: Node) -> Iterator[str]:
    usd = json.loads(PRICES.read_text())["usd"]
    if node.kind in _FREE:
        yield _FREE[node.kind]
    properties = graph.resources[node.id].properties
    paid = _PAID.get(node.kind, ())
    if properties.get("FifoQueue"):
        paid = (("sqs_fifo_request", "requests"),)
    if properties.get("StateMachineType") == "EXPRESS":
        paid = (("step_functions_express_request", "runs"),)
    for name, unit in paid:
        price = usd[name]
        yield f"${price:,.4g} per {unit}" if price > _SMALL else f"${price * _MILLION:,.2f} per million {unit}"
