"""The way of each event through the graph: what wrote it, how it is published, and who gets it by rules and filters."""

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.envelope import EventData
from contracts.events import EVENTS
from diagram.graph import STORED, Edge, Graph
from schemas.examples import examples
from schemas.flow import on_bus, on_topic
from tools.deployment import Deployed, generated_name

type Hop = dict[str, Any]
type Stage = list[Hop]

_CAUSES = ("request", "task", "message", "stream")


def journeys(graph: Graph, made_by: Mapping[str, str]) -> dict[str, list[Stage]]:
    """Returns by type of event what happens one after the other; the hops of a stage happen at once. A hop with `if`
    happens only for events whose data has one of these values. Subscriptions that are off by default are left out."""
    ways = {event.__name__: _stages(graph, event, made_by[event.__name__]) for event in EVENTS}
    return {name: [stage for stage in stages if stage] for name, stages in ways.items()}


def _stages(graph: Graph, event: type[EventData], function: str) -> Iterator[Stage]:
    service = function.split("/", maxsplit=1)[0]
    causes = sorted(graph.into(function, *_CAUSES), key=lambda edge: _CAUSES.index(edge.kind))
    yield [_hop(edge) for edge in causes[:1]]
    written = graph.out(function, "write", "read-write")
    outbox = [edge for edge in written if edge.target.startswith(service) and any(graph.out(edge.target, "stream"))]
    yield [_hop(edge) for edge in outbox]
    relayed = [edge for edge in graph.out(outbox[0].target, "stream") if edge.target == f"{service}/Relay"]
    yield [_hop(edge) for edge in relayed]
    relay = relayed[0].target
    topics = [edge for edge in graph.out(relay, "message") if graph.nodes[edge.target].kind == "topic"]
    yield [_hop(edge) for edge in (*graph.out(relay, "event"), *topics)]
    delivered = [*_from_bus(graph, event)]
    delivered += [hop for topic in topics for hop in _from_topic(graph, event, topic.target)]
    yield delivered
    queued = [hop for hop in delivered if graph.nodes[hop["to"]].kind == "queue"]
    read = [_hop(edge, hop.get("if")) for hop in queued for edge in graph.out(hop["to"], "message")]
    yield read
    yield [_hop(edge, hop.get("if")) for hop in read for edge in graph.out(hop["to"], *STORED) if edge.kind != "read"]


def _from_bus(graph: Graph, event: type[EventData]) -> Iterator[Hop]:
    for edge in graph.out("Bus", "event"):
        if edge.via is None:
            yield _hop(edge)
            continue
        pattern = graph.resources[edge.via].properties["EventPattern"]
        passes = on_bus(pattern)
        if any(passes(example) for example in examples(event)):
            yield _hop(edge, pattern.get("detail", {}).get("data"))


def _from_topic(graph: Graph, event: type[EventData], topic: str) -> Iterator[Hop]:
    for edge in graph.out(topic, "message"):
        found = _subscription(graph, edge)
        if found.path not in graph.usual:
            continue
        subscription = found.properties
        passes = on_topic(
            subscription.get("FilterPolicy", {}), subscription.get("FilterPolicyScope", "MessageAttributes")
        )
        if any(passes(example) for example in examples(event)):
            yield _hop(edge)


def _subscription(graph: Graph, edge: Edge) -> Deployed:
    queue = graph.resources[edge.target]
    names = (generated_name(queue.stack, queue.logical_id), queue.written_name)
    return next(
        found
        for found in graph.resources.values()
        if found.type == "AWS::SNS::Subscription" and str(found.properties["Endpoint"]).removesuffix(".Arn") in names
    )


def _hop(edge: Edge, condition: dict[str, Any] | None = None) -> Hop:
    hop: Hop = {"from": edge.source, "to": edge.target, "kind": edge.kind}
    if edge.via:
        hop["rule"] = edge.via
    if condition:
        hop["if"] = condition
    return hop
