"""An order's steps: what each function and workflow did for it, and which step led to which.

Within one trace X-Ray knows what called what. A queue or a stream begins a new trace, so those are joined here: a
consumer to the step that published the event with this id, and a reader of a stream to the step that wrote the row.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from deployed.traces.names import Names
from deployed.traces.xray import Segment

type Kind = Literal["api", "function", "workflow"]
type Link = Literal["call", "bus", "queue", "stream"]

_KINDS: dict[str, Kind] = {
    "AWS::ApiGateway::Stage": "api",
    "AWS::Lambda::Function": "function",
    "AWS::StepFunctions::StateMachine": "workflow",
}
_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}
# Writes have whole seconds in a stream, and clocks differ.
_SLACK = 2.0


@dataclass(frozen=True)
class Call:
    """A call of an AWS API by a function. `table` is the table's id, if it is about one, and `on` its short name."""

    segment: Segment
    service: str
    operation: str
    table: str = ""
    on: str = ""

    @property
    def error(self) -> str | None:
        return self.segment.error

    @property
    def writes(self) -> bool:
        return self.operation in _WRITES


@dataclass(frozen=True)
class Step:
    """What one function, workflow or API request did for the order. `event` is what it published or consumed; `cause`
    is the id of the step that led here, over `link`. `waited` is in seconds, before it began; `started_up` is how many
    seconds of it a cold start took."""

    id: str
    segment: Segment
    kind: Kind
    name: str
    calls: tuple[Call, ...] = ()
    event: str = ""
    event_id: str = ""
    deed: str = ""
    attempt: int = 1
    error: str | None = None
    cause: str | None = None
    link: Link | None = None
    waited: float | None = None
    started_up: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def began(self) -> float:
        return self.segment.began

    @property
    def ended(self) -> float | None:
        return self.segment.ended

    @property
    def only_reads(self) -> bool:
        """Whether it is a request that changes nothing, such as that of a page that shows the order."""
        return (self.segment.http.get("request") or {}).get("method") in {"GET", "HEAD"}


def steps_of(order_id: str, segments: Sequence[Segment], names: Names) -> list[Step]:
    """Returns the order's steps in the order in which they began, each with its cause."""
    forest = _Forest(order_id, segments, names)
    steps = [step for run in forest.runs for step in forest.steps_in(run)]
    return sorted(_tried(_joined(steps, forest, names)), key=lambda step: (step.began, step.id))


class _Forest:
    """The segments of all traces as trees, and what in them is about the order."""

    def __init__(self, order_id: str, segments: Iterable[Segment], names: Names) -> None:
        self.order_id, self.names = order_id, names
        self.by_id = {segment.id: segment for segment in _adopted(segments)}
        self.children: defaultdict[str, list[Segment]] = defaultdict(list)
        for segment in self.by_id.values():
            if segment.parent:
                self.children[segment.parent].append(segment)

    @cached_property
    def runs(self) -> list[Segment]:
        """The invocations, executions and requests that are about the order."""
        return [segment for segment in self.by_id.values() if segment.origin in _KINDS and self._is_about(segment)]

    def steps_in(self, run: Segment) -> Iterator[Step]:
        kind, inside = _KINDS[run.origin], list(self._inside(run))
        name = self.names.request(run) if kind == "api" else self.names.of(run.name)
        parts = [part for part in inside if part.facts and self._names_it(part)]
        if not parts:
            calls = self._calls(inside)
            yield Step(run.id, run, kind, name, calls, error=run.error, started_up=_started_up(inside))
        for part in parts:
            deed, facts = next(iter(part.facts.items()))
            yield Step(
                part.id,
                run if len(parts) == 1 else part,
                kind,
                name,
                self._calls([*self._inside(part), *self._around(part)]),
                event=part.name if deed != "read" else "",
                event_id=str(facts.get("event_id", "")),
                deed=deed,
                attempt=int(facts.get("attempt", 1)),
                error=part.error or run.error,
                started_up=_started_up(inside),
                facts=facts,
            )

    def above(self, segment: Segment) -> Iterator[Segment]:
        """Yields what a segment is in, innermost first."""
        while (parent := self.by_id.get(segment.parent or "")) is not None:
            yield parent
            segment = parent

    def _is_about(self, run: Segment) -> bool:
        orders = set(self._orders_below(run))
        if orders or _KINDS[run.origin] == "function":
            return self.order_id in orders
        # It says nothing about its order: then it is about those of the step that started it.
        publications = [part for part in self.above(run) if "published" in part.facts]
        return bool(publications) and all(self._names_it(part) for part in publications)

    def _orders_below(self, segment: Segment) -> Iterator[str]:
        """Yields the orders that a segment names, and for a workflow or a request those of what it called."""
        if "order_id" in segment.annotations:
            yield str(segment.annotations["order_id"])
        for child in self.children[segment.id]:
            # What a published event has started is another step. A workflow's own calls are those of its tasks.
            if not (segment.is_call and child.origin) or segment.aws["operation"] == "Invoke":
                yield from self._orders_below(child)

    def _names_it(self, segment: Segment) -> bool:
        return segment.annotations.get("order_id") == self.order_id

    def _inside(self, segment: Segment) -> Iterator[Segment]:
        """Yields the parts of a run, without those of the runs that it started."""
        for child in self.children[segment.id]:
            if not child.origin:
                yield child
                yield from self._inside(child)

    def _around(self, part: Segment) -> Iterator[Segment]:
        """Yields the calls beside the part that are about no other order: a batch of one event."""
        handler = self.by_id.get(part.parent or "")
        if handler and len([other for other in self.children[handler.id] if other.facts]) == 1:
            yield from (other for other in self.children[handler.id] if other.is_call)

    def _calls(self, parts: Iterable[Segment]) -> tuple[Call, ...]:
        calls = {part.id: part for part in parts if part.is_call}
        made = sorted(calls.values(), key=lambda call: call.began)
        return tuple(
            Call(
                call,
                self.names.service(call.name),
                call.aws["operation"],
                table := call.aws.get("table_name", ""),
                self.names.table(table),
            )
            for call in made
        )


def _started_up(inside: Iterable[Segment]) -> float | None:
    """Returns how long Lambda needed for a new environment, if it did."""
    found = next((part for part in inside if part.name == "Initialization"), None)
    return None if found is None or found.ended is None else found.ended - found.began


def _adopted(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Puts subsegments into the invocation in whose time they are.

    The SDK keeps its idea of the invocation while the trace's id stays the same (`LambdaContext._refresh_context`). So
    in a warm environment, the second attempt of a task reports its subsegments as parts of the first.
    """
    found = {segment.id: segment for segment in segments}
    runs: defaultdict[tuple[str, str], list[Segment]] = defaultdict(list)
    for segment in found.values():
        if segment.origin == "AWS::Lambda::Function":
            runs[segment.trace_id, segment.name].append(segment)
    for segment in found.values():
        run = found.get(segment.parent or "")
        if segment.origin or run is None or run.origin != "AWS::Lambda::Function" or _during(segment, run):
            yield segment
            continue
        other = next((other for other in runs[run.trace_id, run.name] if _during(segment, other)), run)
        yield replace(segment, parent=other.id)


def _during(segment: Segment, run: Segment) -> bool:
    return run.began <= segment.began and (run.ended is None or segment.began <= run.ended)


def _joined(steps: Sequence[Step], forest: _Forest, names: Names) -> Iterator[Step]:
    owner = {call.segment.id: step for step in steps for call in step.calls}
    owner |= {step.id: step for step in steps}
    runs = {step.segment.id: step for step in steps if step.kind != "function"}
    published = defaultdict[str, list[Step]](list)
    for step in steps:
        if step.deed == "published":
            published[step.event_id].append(step)
    writers = _Writers(steps, names)
    for step in sorted(steps, key=lambda step: str(step.facts.get("sequence_number", "")), reverse=True):
        if step.deed == "consumed":
            yield _consumed(step, published[step.event_id])
        elif step.facts.get("table"):
            write = writers.claim(step)
            yield replace(
                step,
                cause=owner[write.segment.id].id if write else None,
                link="stream",
                waited=max(step.began - (write.segment.ended or step.began), 0.0) if write else None,
            )
        else:
            yield _called(step, forest, runs, owner)


def _consumed(step: Step, publications: Sequence[Step]) -> Step:
    sent_at = float(step.facts.get("sent_at") or step.began)
    before = [found for found in publications if found.began <= step.began]
    cause = max(before, key=lambda found: found.began, default=None)
    return replace(step, cause=cause.id if cause else None, link="queue", waited=max(step.began - sent_at, 0.0))


def _called(step: Step, forest: _Forest, runs: Mapping[str, Step], owner: Mapping[str, Step]) -> Step:
    inside = step.segment
    for above in forest.above(inside):
        if found := runs.get(above.id):
            return replace(step, cause=found.id, link="call")
        if above.facts.get("published") and (found := owner.get(above.id)):
            call = next((call.segment for call in found.calls if call.operation == "PutEvents"), above)
            return replace(step, cause=found.id, link="bus", waited=max(step.began - call.began, 0.0))
    return step


class _Writers:
    """Finds the write that a stream's record is from. A record says which table, and when in whole seconds."""

    def __init__(self, steps: Iterable[Step], names: Names) -> None:
        self.names = names
        self.writes = sorted(
            ((call, step) for step in steps for call in step.calls if call.writes and not call.error),
            key=lambda write: write[0].segment.began,
            reverse=True,
        )
        self.claimed: set[tuple[str, str]] = set()

    def claim(self, reader: Step) -> Call | None:
        """Returns the last write before the reader, of a step that no later record of this reader came from."""
        table, written_at = str(reader.facts["table"]), reader.facts.get("written_at")
        for call, step in self.writes:
            began, ended = call.segment.began, call.segment.ended or call.segment.began
            if began > reader.began or (reader.segment.id, step.id) in self.claimed:
                continue
            if written_at is not None and not began - _SLACK <= float(written_at) <= ended + _SLACK:
                continue
            if call.table == table or (not call.table and self.names.same_service(step.segment.name, table)):
                self.claimed.add((reader.segment.id, step.id))
                return call
        return None


def _tried(steps: Iterable[Step]) -> Iterator[Step]:
    """Counts the attempts of a workflow's tasks, and how long each retry waited."""
    before: dict[tuple[str, str], Step] = {}
    for step in sorted(steps, key=lambda step: step.began):
        if step.link == "call" and step.kind == "function" and step.cause:
            last = before.get((step.cause, step.name))
            if last and last.error:
                waited = step.began - (last.ended or step.began)
                step = replace(step, attempt=last.attempt + 1, waited=max(waited, 0.0))  # noqa: PLW2901
            before[step.cause or "", step.name] = step
        yield step
