"""What a reader should see of the application, read from its templates: nodes, edges, and which node belongs to which.

The templates are resolved as one deployment would be, with parameters and outputs followed through the root. An edge is
a reference that one resource's properties, or its role's policies, make to another.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.deployment import STACK, Deployed, Deployment, application, generated_name
from tools.expand import ROOT

# Everything that can be switched on, so that the picture has it. What is off by default is drawn with a dashed line.
_ALL = {"Environment": "sandbox", "WebhookUrl": "https://example.com/orders", "Kafka": "msk-serverless"}
_DEFAULTS = {"Environment": "sandbox"}
_STACK_NAME = "cartwheel"
SHARED = "Shared"

KINDS = {
    "AWS::ApiGateway::RestApi": "api",
    "AWS::CloudFront::Distribution": "cdn",
    "AWS::Cognito::UserPool": "pool",
    "AWS::DynamoDB::Table": "table",
    "AWS::Events::Archive": "archive",
    "AWS::Events::EventBus": "bus",
    "AWS::Events::Rule": "rule",
    "AWS::Kinesis::Stream": "stream",
    "AWS::KinesisFirehose::DeliveryStream": "firehose",
    "AWS::Lambda::Function": "function",
    "AWS::MSK::ServerlessCluster": "cluster",
    "AWS::S3::Bucket": "bucket",
    "AWS::SNS::Topic": "topic",
    "AWS::SQS::Queue": "queue",
    "AWS::StepFunctions::StateMachine": "machine",
}
# Small nodes that are drawn as a part of another.
ATTACHED = ("rule", "schedule", "dead-letters")
# In the data, but not drawn: every stream reader fails into one bucket, and operators may touch every queue.
STORED = ("read", "write", "read-write")
UNDRAWN = ("failure", "operates")

_READS = re.compile(r"dynamodb:(GetItem|BatchGetItem|Query|Scan)|cognito-idp:|s3:GetObject")
_WRITES = re.compile(
    r"dynamodb:(PutItem|UpdateItem|DeleteItem)|kinesis:Put|s3:PutObject|kafka-cluster:WriteData\b|states:SendTask"
)
_SENDS = {"events:PutEvents": "event", "sns:Publish": "message", "sqs:SendMessage": "message"}
_STORES = ("table", "stream", "bucket", "cluster", "pool", "machine")


@dataclass(frozen=True)
class Node:
    """`id` is the path of logical ids from the root, without the last nested stack of a single resource."""

    id: str
    kind: str
    service: str
    template: Path
    optional: bool
    # Of an attached node: the node that it is drawn with.
    owner: str | None = None
    fifo: bool = False

    @property
    def logical_id(self) -> str:
        return self.id.rpartition("/")[2]

    @property
    def label(self) -> str:
        """The logical id, in words, without what the glyph says already."""
        name = re.sub(r"(?<=[a-z])(Queue|Topic)$", "", self.logical_id)
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name) if self.kind == "dead-letters" else name


@dataclass(frozen=True, order=True)
class Edge:
    """`via` is the rule that lets an event through."""

    source: str
    target: str
    kind: str
    via: str | None = None


@dataclass(frozen=True)
class Graph:
    """`usual` are the paths of resources that exist without any option."""

    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    resources: Mapping[str, Deployed]
    usual: frozenset[str]

    def out(self, node: str, *kinds: str) -> Iterator[Edge]:
        return (edge for edge in self.edges if edge.source == node and (not kinds or edge.kind in kinds))

    def into(self, node: str, *kinds: str) -> Iterator[Edge]:
        return (edge for edge in self.edges if edge.target == node and (not kinds or edge.kind in kinds))


def graph(everything: Deployment | None = None, by_default: Deployment | None = None) -> Graph:
    """Reads the project's templates, or the deployments that are given."""
    everything = everything or application(_STACK_NAME, **_ALL)
    usual = {found.path for found in (by_default or application(_STACK_NAME, **_DEFAULTS)).resources}
    return _Reader(everything, usual).graph()


class _Reader:
    def __init__(self, deployment: Deployment, usual: set[str]) -> None:
        self._usual = usual
        self._resources = {found.path: found for found in deployment.resources}
        self._named = dict(_names(deployment.resources))
        texts = sorted(self._named, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, texts)) + r"|(?<=event-bus/)cartwheel\b")

    def graph(self) -> Graph:
        kept = {path: found for path, found in self._resources.items() if found.type in KINDS}
        edges = {
            edge
            for edge in (*self._triggers(), *self._calls(), *self._granted())
            if edge.source in kept and edge.target in kept and edge.source != edge.target
        }
        owners = self._owners(edges)
        nodes = {path: self._node(found, owners) for path, found in kept.items()}
        drawn = {
            _kinded(edge, nodes)
            for edge in edges
            if nodes[edge.target].kind != "dead-letters" or nodes[edge.source].service == "Operators"
        }
        return Graph(nodes, _merged(drawn), self._resources, frozenset(self._usual))

    def _node(self, found: Deployed, owners: Mapping[str, str]) -> Node:
        kind = KINDS[found.type]
        if kind == "rule" and "EventPattern" not in found.properties:
            kind = "schedule"
        if kind == "queue" and found.path in owners:
            kind = "dead-letters"
        service = found.path.split("/")[0] if "/" in found.path else SHARED
        fifo = bool(found.properties.get("FifoQueue") or found.properties.get("FifoTopic"))
        return Node(
            found.path, kind, service, found.template, found.path not in self._usual, owners.get(found.path), fifo
        )

    def references(self, node: Any) -> list[str]:
        """The paths of the resources that the text or structure names, in the order in which it does."""
        text = node if isinstance(node, str) else json.dumps(node, default=str)
        if text == _STACK_NAME:
            return ["Bus"]
        found = (self._named.get(match, "Bus") for match in self._pattern.findall(text))
        return list(dict.fromkeys(found))

    # --- edges --------------------------------------------------------------------------------------------------

    def _triggers(self) -> Iterator[Edge]:
        for found in self._resources.values():
            properties = found.properties
            match found.type:
                case "AWS::Lambda::EventSourceMapping":
                    yield from self._mapping(properties)
                case "AWS::Events::Rule" if "EventPattern" in properties:
                    for target in properties["Targets"]:
                        yield from (Edge("Bus", path, "event", found.path) for path in self.references(target["Arn"]))
                case "AWS::SNS::Subscription":
                    yield from self._pairs(properties["TopicArn"], properties["Endpoint"], "message")
                case "AWS::Events::Archive":
                    yield Edge("Bus", found.path, "event")

    def _mapping(self, properties: Mapping[str, Any]) -> Iterator[Edge]:
        (function,) = self.references(properties["FunctionName"])
        for source in self.references(properties["EventSourceArn"]):
            kind = "message" if self._resources[source].type == "AWS::SQS::Queue" else "stream"
            yield Edge(source, function, kind)
        for place in self.references(properties.get("DestinationConfig", "")):
            yield Edge(function, place, "failure")

    def _pairs(self, sources: Any, targets: Any, kind: str) -> Iterator[Edge]:
        yield from (Edge(one, other, kind) for one in self.references(sources) for other in self.references(targets))

    def _calls(self) -> Iterator[Edge]:
        for found in self._resources.values():
            properties = found.properties
            match found.type:
                case "AWS::ApiGateway::RestApi":
                    yield from self._pairs(_id(found), properties["Body"]["paths"], "request")
                    yield from self._pairs(_id(found), properties["Body"].get("components", ""), "read")
                case "AWS::CloudFront::Distribution":
                    origins = self.references(properties["DistributionConfig"]["Origins"])
                    yield from (Edge(found.path, origin, "request") for origin in origins)
                case "AWS::StepFunctions::StateMachine":
                    yield from self._pairs(_id(found), properties.get("DefinitionSubstitutions", ""), "task")
                case "AWS::KinesisFirehose::DeliveryStream":
                    source = properties["KinesisStreamSourceConfiguration"]["KinesisStreamARN"]
                    bucket = properties["ExtendedS3DestinationConfiguration"]["BucketARN"]
                    yield from (Edge(one, found.path, "stream") for one in self.references(source))
                    yield from (Edge(found.path, one, "write") for one in self.references(bucket))

    def _granted(self) -> Iterator[Edge]:
        """What functions and state machines may do, by the policies of their roles."""
        for found in self._resources.values():
            if found.type not in ("AWS::Lambda::Function", "AWS::StepFunctions::StateMachine"):
                continue
            role = self._role(found)
            for statement in self._statements(role):
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                for target in self.references(statement.get("Resource", "")):
                    yield from (Edge(found.path, target, kind) for kind in _kinds_of(actions, self._resources[target]))

    def _role(self, found: Deployed) -> str:
        text = found.properties.get("Role") or found.properties["RoleArn"]
        (role,) = self.references(text)
        return role

    def _statements(self, role: str) -> Iterator[dict[str, Any]]:
        documents = [policy["PolicyDocument"] for policy in self._resources[role].properties.get("Policies", [])]
        documents += [
            found.properties["PolicyDocument"]
            for found in self._resources.values()
            if found.type == "AWS::IAM::Policy" and role in self.references(found.properties["Roles"])
        ]
        for document in documents:
            yield from document["Statement"]

    # --- what is drawn with what --------------------------------------------------------------------------------

    def _owners(self, edges: set[Edge]) -> dict[str, str]:
        """Which node each rule and each dead-letter queue belongs to."""
        owners: dict[str, str] = {}
        for attached, owner in (*self._of_rules(), *self._of_queues(), *self._of_functions(edges)):
            owners.setdefault(attached, owner)
        return owners

    def _of_rules(self) -> Iterator[tuple[str, str]]:
        """A rule belongs to its target, and so does the queue for what it could not deliver."""
        for found in self._resources.values():
            for target in found.properties.get("Targets", []) if found.type == "AWS::Events::Rule" else []:
                (owner,) = self.references(target["Arn"])
                yield found.path, owner
                if self._resources[owner].type != "AWS::SQS::Queue":
                    yield from ((place, owner) for place in self.references(target.get("DeadLetterConfig", "")))

    def _of_queues(self) -> Iterator[tuple[str, str]]:
        for found in self._resources.values():
            if found.type == "AWS::SQS::Queue":
                yield from ((place, found.path) for place in self.references(found.properties.get("RedrivePolicy", "")))

    def _of_functions(self, edges: set[Edge]) -> Iterator[tuple[str, str]]:
        """A queue that a function sends to and nobody reads holds what the function could not do."""
        read = {edge.source for edge in edges if edge.kind == "message"}
        for edge in sorted(edges, key=str):
            if edge.source.startswith("Operators/"):
                continue  # they send anywhere
            sends = edge.kind == "message" and self._resources[edge.source].type == "AWS::Lambda::Function"
            if sends and self._resources[edge.target].type == "AWS::SQS::Queue" and edge.target not in read:
                yield edge.target, edge.source


def _id(found: Deployed) -> str:
    """The text by which references name it."""
    return generated_name(found.stack, found.logical_id)


def _names(resources: list[Deployed]) -> Iterator[tuple[str, str]]:
    """The texts by which resources refer to each other."""
    for found in resources:
        if found.type == STACK:
            continue
        yield _id(found), found.path
        if (name := found.written_name) and name != _STACK_NAME:
            yield name, found.path


def _kinds_of(actions: list[str], target: Deployed) -> Iterator[str]:
    kind = KINDS.get(target.type)
    sent = {_SENDS[action] for action in actions if action in _SENDS}
    yield from sent
    if kind in _STORES:
        reads = any(_READS.match(action) for action in actions)
        writes = any(_WRITES.match(action) for action in actions)
        if reads or writes:
            yield "read-write" if reads and writes else "write" if writes else "read"
    if (
        not sent
        and kind in ("queue", "function", "machine")
        and not any("InvokeFunction" in action for action in actions)
    ):
        yield "operates"


def _kinded(edge: Edge, nodes: Mapping[str, Node]) -> Edge:
    """Whatever operators may do with other services' resources is one kind."""
    operating = nodes[edge.source].service == "Operators" and nodes[edge.target].service not in ("Operators", "Api")
    return Edge(edge.source, edge.target, "operates", None) if operating else edge


def _merged(edges: set[Edge]) -> tuple[Edge, ...]:
    """With one edge for a function that reads and writes by separate statements, in a fixed order."""
    kinds: dict[tuple[str, str], set[str]] = defaultdict(set)
    failing = {(edge.source, edge.target) for edge in edges if edge.kind == "failure"}
    rest = []
    for edge in edges:
        if edge.kind not in STORED:
            rest.append(edge)
        elif (edge.source, edge.target) not in failing:
            kinds[edge.source, edge.target].add(edge.kind)
    stored = [Edge(*pair, found.pop() if len(found) == 1 else "read-write") for pair, found in kinds.items()]
    return tuple(sorted((*rest, *stored), key=lambda edge: (edge.source, edge.target, edge.kind, edge.via or "")))


def template_lines(node: Node) -> tuple[int, int]:
    """First and last line of the node's resource in its template. An event of a function stands within the function."""
    lines = (ROOT / node.template).read_text().splitlines()
    start = _line_of(lines, node.logical_id)
    end = start
    while end < len(lines) and (
        not lines[end].strip() or lines[end].startswith("    ") or lines[end].startswith("      ")
    ):
        end += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    return start, end


def _line_of(lines: list[str], logical_id: str) -> int:
    for length in range(len(logical_id), 0, -1):
        for number, line in enumerate(lines, 1):
            if re.match(rf"  {re.escape(logical_id[:length])}:", line):
                return number
    raise LookupError(logical_id)
