"""Part of check 5: nothing that moves events is switched off, missing, or without a place for its failures."""

from collections.abc import Iterator

from audit.endings import Endings, Queue
from audit.evidence import Evidence
from audit.wiring import GONE, Mapping, Wiring

# A state on its way to one of these does not mean that somebody switched something off.
_WORKS = {
    "trigger": {"Enabled", "Enabling", "Updating", "Creating"},
    "rule": {"ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"},
    "alarm": {"on"},
    "subscription": {"on"},
    "archive": {"ENABLED", "UPDATING", "CREATING"},
    "workflow": {"ACTIVE"},
    "function": {"on"},
    "stream": {"ACTIVE", "UPDATING"},
}


def faults(evidence: Evidence) -> Iterator[str]:
    wiring, endings = evidence.wiring, evidence.endings
    for part in (*wiring.mappings, *wiring.rules, *wiring.alarms, *wiring.parts):
        works = _WORKS.get(part.kind)
        if part.state == GONE:
            yield f"{part.path}: this {part.kind} is gone"
        elif works and part.state not in works:
            yield f"{part.path}: this {part.kind} is {part.state}"
    yield from _of_rules(wiring, endings)
    yield from _of_streams(wiring)
    yield from _of_queues(wiring, endings)
    for alarm in wiring.alarms:
        if alarm.state != GONE and not alarm.actions:
            yield f"{alarm.path}: this alarm tells nobody"


def _of_rules(wiring: Wiring, endings: Endings) -> Iterator[str]:
    queues = {queue.arn: queue for queue in endings.queues}
    for rule in wiring.rules:
        if rule.state != GONE and not rule.targets:
            yield f"{rule.path}: this rule has no target"
        for target in rule.targets:
            if target.arn.split(":")[2] == "sqs" and target.arn not in queues:
                yield f"{rule.path}: this rule leads to {target.arn}, which is no queue of the shop"
            elif target.arn in queues and not queues[target.arn].open:
                yield f"{queues[target.arn].path}: {rule.path} leads to it, but no policy lets events in"
            if target.arn in queues and target.dead_letters not in queues:
                yield f"{rule.path}: it has no dead-letter queue for what {queues[target.arn].path} does not take"


def _of_streams(wiring: Wiring) -> Iterator[str]:
    """Checks that each reader of a table's stream reads the stream to which the table now writes."""
    tables = [part for part in wiring.parts if part.kind == "table"]
    written = {part.state for part in tables}
    for mapping in wiring.mappings:
        if mapping.source.split(":")[2:3] == ["dynamodb"] and mapping.source not in written:
            table = mapping.source.rpartition("/stream/")[0].rpartition("/")[2]
            yield f"{mapping.path}: it reads a stream that {table} does not write any more"


def _of_queues(wiring: Wiring, endings: Endings) -> Iterator[str]:
    arns = {queue.arn for queue in endings.queues}
    readers = {mapping.source: mapping for mapping in wiring.mappings}
    for queue in endings.queues:
        if queue.arn is None:
            yield f"{queue.path}: this queue is gone"
        else:
            yield from _buried_nowhere(queue, readers.get(queue.arn), arns)


def _buried_nowhere(queue: Queue, reader: Mapping | None, arns: set[str | None]) -> Iterator[str]:
    if queue.buries_in and queue.buries_in not in arns:
        yield f"{queue.path}: its dead letters go to {queue.buries_in}, which is no queue of the shop"
    if reader and queue.final:
        yield f"{queue.path}: {reader.path} reads it, but no redrive policy says where what fails belongs"
