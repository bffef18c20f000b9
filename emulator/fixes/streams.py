"""Event source mappings of DynamoDB and Kinesis streams: order, retries and isolation.

AWS: every mapping reads every shard by itself, one batch after the other. A failed batch is retried until
MaximumRetryAttempts or MaximumRecordAgeInSeconds is exceeded (both unlimited by default), with back-off, and blocks
only its own shard of its own mapping. BisectBatchOnFunctionError splits a batch whose function raised, without using
up retries. With ReportBatchItemFailures the batch resumes at the lowest reported sequence number; a report that names
anything else fails the batch whole. What is given up goes to the OnFailure destination (Lambda Developer Guide, "Using
Lambda to process records from Amazon Kinesis Data Streams" and "… from DynamoDB Streams": "Retain discarded batch
records", "Configuring partial batch response").
Emulator: one loop serves all mappings in turn, so that a slow or failing function stops every other; no retry limit,
bisection, partial response or S3 destination: a poison record blocks its shard for ever.
Fix: a thread per mapping and shard with AWS's rules; the emulator's loop only finds new mappings and wakes them.
Left out: batching windows (a batch goes as soon as there is one), parallelization within a shard, tumbling windows.
Back-off ends at 5 s, not a minute, so that a healed outage shows at once.
Goes when: MiniStack reads each mapping by itself and knows these settings.
"""

import base64
import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from emulator.fixes import resharding
from emulator.fixes.service_metrics import age, publish
from emulator.fixes.stream_failures import Discard, deliver
from emulator.patching import module, original

BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 0.2, 5.0
IDLE_SECONDS = 1.0  # how soon a reader notices that its mapping was changed or deleted
DEFAULT_BATCH = 100
DYNAMODB_SHARD = "shardId-00000000000000000000-00000000"  # the one shard that the emulator's streams have

Record = dict[str, Any]
Mapping = dict[str, Any]
log = logging.getLogger("streams")


def apply() -> None:
    functions = module("services.lambda_svc")
    readers = Readers(functions)
    for poll in ("_poll_kinesis", "_poll_dynamodb_streams"):
        original(functions, poll)
    for helper, parameters in {
        "_iter_all_esms": "",
        "_get_func_record_for_qualifier": "name qualifier",
        "_apply_filter_criteria": "records esm",
        "_execute_function": "func event",
    }.items():
        original(functions, helper, parameters)
    functions._poll_kinesis = readers.wake
    functions._poll_dynamodb_streams = lambda: False
    _anchor_kinesis(functions)


def _anchor_kinesis(functions: Any) -> None:
    """LATEST means from the mapping's creation on; the emulator decides it at its first poll after it."""
    anchor = original(functions, "_init_stream_position", "esm_id source_arn starting")
    kinesis = module("services.kinesis")

    def init_stream_position(esm_id: str, source_arn: str, starting: str) -> None:
        anchor(esm_id, source_arn, starting)
        stream = kinesis._resolve_stream_by_arn(source_arn) if ":kinesis:" in source_arn else None
        if stream and starting == "LATEST":
            ends = {shard_id: len(shard["records"]) for shard_id, shard in resharding.shards(stream).items()}
            functions._kinesis_positions.setdefault(esm_id, ends)
        functions._esm_wake.set()

    functions._init_stream_position = init_stream_position


class Shard(Protocol):
    """Where one reader reads. Positions are opaque to it."""

    shard_id: str
    arn: str

    def available(self) -> bool:
        """Whether something waits behind what has been read."""

    def read(self, limit: int) -> list[Record]:
        """The next records, as the function gets them."""

    def advance(self, records: list[Record]) -> None:
        """These are done with."""


class DynamoDBShard:
    def __init__(self, functions: Any, mapping: Mapping) -> None:
        self.tables = module("services.dynamodb")
        self.positions, self.lock = functions._dynamodb_stream_positions, functions._dynamodb_stream_positions_lock
        self.mapping_id, self.arn, self.shard_id = mapping["UUID"], mapping["EventSourceArn"], DYNAMODB_SHARD
        self.table = self.arn.split(":table/")[1].split("/stream/")[0]
        functions._init_stream_position(self.mapping_id, self.arn, mapping.get("StartingPosition", "LATEST"))

    def _current(self) -> bool:
        table = self.tables._tables.get(self.table)
        return bool(table) and table.get("LatestStreamArn") == self.arn

    def available(self) -> bool:
        return self._current() and self._position() < self.tables.stream_end_position(self.table)

    def read(self, limit: int) -> list[Record]:
        if not self._current():
            return []
        records: list[Record] = self.tables.stream_records_since(self.table, self._position(), limit)
        return list(records)

    def advance(self, records: list[Record]) -> None:
        with self.lock:
            if self.mapping_id in self.positions:
                self.positions[self.mapping_id] += len(records)

    def _position(self) -> int:
        """An absolute count of records, moved past those that have expired."""
        with self.lock:
            position = max(self.positions.get(self.mapping_id, 0), self.tables.stream_start_position(self.table))
            self.positions[self.mapping_id] = position
            return int(position)


class KinesisShard:
    def __init__(self, functions: Any, mapping: Mapping, shard_id: str) -> None:
        self.streams = module("services.kinesis")
        self.account, self.region = functions.get_account_id(), functions.get_region()
        self.role = f"arn:aws:iam::{self.account}:role/lambda-role"
        self.arn, self.shard_id = mapping["EventSourceArn"], shard_id
        self.place = int((functions._kinesis_positions.get(mapping["UUID"]) or {}).get(shard_id, 0))
        self.last: Record | None = None
        self.taken: list[Record] = []

    def available(self) -> bool:
        return bool(self._unread(1))

    def _unread(self, limit: int) -> list[Record]:
        stream = self.streams._resolve_stream_by_arn(self.arn)
        shard = resharding.shards(stream).get(self.shard_id) if stream else None
        if not stream or not shard or stream["StreamStatus"] != "ACTIVE":
            return []
        records: list[Record] = shard["records"]
        if self.last and not (0 < self.place <= len(records) and records[self.place - 1] is self.last):
            # Expired records have left the front; when the last one that was read has, all that is left is unread.
            self.place = next((place for place, record in enumerate(records, 1) if record is self.last), 0)
        return records[self.place : self.place + limit]

    def read(self, limit: int) -> list[Record]:
        self.taken = self._unread(limit)
        return [self._event(record) for record in self.taken]

    def advance(self, records: list[Record]) -> None:
        self.place += len(records)
        self.last = self.taken[len(records) - 1]

    def _event(self, record: Record) -> Record:
        data = record["Data"]
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record["PartitionKey"],
                "sequenceNumber": record["SequenceNumber"],
                "data": base64.b64encode(data).decode() if isinstance(data, bytes) else data,
                "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"],
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{self.shard_id}:{record['SequenceNumber']}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": self.role,
            "awsRegion": self.region,
            "eventSourceARN": self.arn,
        }


class Readers:
    """The threads, by mapping and shard."""

    def __init__(self, functions: Any) -> None:
        self.functions = functions
        self.threads: dict[tuple[str, str], Reader] = {}

    def wake(self) -> bool:
        """Called by the emulator's loop whenever a source may have work, and once a second. Whether there was any."""
        found = False
        for account, region, mapping in self.functions._iter_all_esms():
            with scope(self.functions, account, region):
                for shard_id, make in self._shards(mapping):
                    key = (mapping["UUID"], shard_id)
                    reader = self.threads.get(key)
                    if reader is None or not reader.is_alive():
                        reader = self.threads[key] = Reader(self.functions, (account, region), mapping, make())
                        reader.start()
                    found = reader.nudge() or found
        for key in [key for key, reader in self.threads.items() if not reader.is_alive()]:
            del self.threads[key]
        return found

    def _shards(self, mapping: Mapping) -> list[tuple[str, Callable[[], Shard]]]:
        arn = mapping.get("EventSourceArn", "")
        if ":dynamodb:" in arn and "/stream/" in arn:
            return [(DYNAMODB_SHARD, partial(DynamoDBShard, self.functions, mapping))]
        if ":kinesis:" in arn:
            stream = module("services.kinesis")._resolve_stream_by_arn(arn) or {"shards": {}}
            return [
                (shard_id, partial(KinesisShard, self.functions, mapping, shard_id))
                for shard_id in resharding.shards(stream)
                if all(self._through(mapping, closed) for closed in resharding.before(stream, shard_id))
            ]
        return []

    def _through(self, mapping: Mapping, shard_id: str) -> bool:
        """Whether the mapping has handled all that a closed shard holds."""
        reader = self.threads.get((mapping["UUID"], shard_id))
        return reader is not None and not reader.shard.available()


class Reader(threading.Thread):
    """Reads one shard for one mapping, in order, until the mapping is deleted."""

    def __init__(self, functions: Any, scope: tuple[str, str], mapping: Mapping, shard: Shard) -> None:
        super().__init__(name=f"stream-{mapping['FunctionName']}", daemon=True)
        self.functions, self.scope, self.mapping, self.shard = functions, scope, mapping, shard
        self.work = threading.Event()
        self.busy = False

    def nudge(self) -> bool:
        """Wake it when something waits; whether that was news to it."""
        if self.work.is_set() or not self.shard.available():
            return False
        self.work.set()
        return not self.busy

    def run(self) -> None:
        with scope(self.functions, *self.scope):
            while self._mapped():
                try:
                    self.busy = self._turn()
                except Exception:
                    log.exception("%s: reading %s failed", self.name, self.shard.arn)
                    self.busy = False
                if not self.busy:
                    self.work.wait(IDLE_SECONDS)
                    self.work.clear()

    def _mapped(self) -> bool:
        return any(mapping is self.mapping for _account, _region, mapping in self.functions._iter_all_esms())

    def _turn(self) -> bool:
        """Take one batch through to its end; whether there was one."""
        if not _true(self.mapping.get("Enabled", True)) or self._function() is None:
            return False
        records = self.shard.read(int(self.mapping.get("BatchSize") or DEFAULT_BATCH))
        if not records:
            return False
        self.busy = True
        pending = [Batch(self.functions._apply_filter_criteria(records, self.mapping))]
        while pending and self._mapped():
            batch = pending.pop(0)
            if batch.records:
                pending[:0] = self._attempt(batch)
        if not pending:
            self.shard.advance(records)
        return True

    def _attempt(self, batch: "Batch") -> list["Batch"]:
        """Invoke the function once. What is left to do, in order."""
        expired = self._expired(batch)
        if expired:
            self._discard(Batch(batch.records[:expired], batch.invocations), "RecordAgeExceeded")
            return [Batch(batch.records[expired:], batch.invocations, batch.retries)]
        time.sleep(batch.delay())
        function = self._function()
        if function is None or not _true(self.mapping.get("Enabled", True)):
            # Deleted or disabled meanwhile: the batch waits, and the delay paces the looking.
            return [batch.again(batch.records, counted=False)]
        result = self.functions._execute_function(function, {"Records": batch.records})
        if result.get("throttle"):
            return [batch.again(batch.records, counted=False)]
        waited = age(arrival(batch.records[-1]))
        publish("AWS/Lambda", "IteratorAge", waited, "Milliseconds", FunctionName=self.mapping["FunctionName"])
        if not result.get("error"):
            left = self._unfinished(batch.records, result.get("body"))
            if left is None:
                self.mapping["LastProcessingResult"] = "OK"
                return []
            return self._retry(batch, left, raised=False)
        self.mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
        log.warning("%s failed with %d records: %s", self.name, len(batch.records), json.dumps(result.get("body")))
        return self._retry(batch, batch.records, raised=True)

    def _retry(self, batch: "Batch", left: list[Record], *, raised: bool) -> list["Batch"]:
        if raised and len(left) > 1 and _true(self.mapping.get("BisectBatchOnFunctionError")):
            middle = len(left) // 2
            return [Batch(left[:middle], batch.invocations + 1), Batch(left[middle:], batch.invocations + 1)]
        limit = int(self.mapping.get("MaximumRetryAttempts", -1))
        if 0 <= limit <= batch.retries:
            self._discard(Batch(left, batch.invocations + 1), "RetryAttemptsExhausted", raised=raised)
            return []
        return [batch.again(left)]

    def _unfinished(self, records: list[Record], body: Any) -> list[Record] | None:
        """What a partial batch response leaves to do: None when the batch is done."""
        if "ReportBatchItemFailures" not in (self.mapping.get("FunctionResponseTypes") or []):
            return None
        with contextlib.suppress(TypeError, ValueError):
            body = json.loads(body)
        failures = body.get("batchItemFailures") if isinstance(body, dict) else None
        if not failures:
            return None
        numbers = [_sequence_number(record) for record in records]
        try:
            return records[min(numbers.index(failure["itemIdentifier"]) for failure in failures) :]
        except (KeyError, TypeError, ValueError):
            return records

    def _expired(self, batch: "Batch") -> int:
        """How many records at the start of the batch are too old."""
        limit = int(self.mapping.get("MaximumRecordAgeInSeconds", -1))
        if limit < 0:
            return 0
        oldest = time.time() - limit
        return next((n for n, record in enumerate(batch.records) if arrival(record) >= oldest), len(batch.records))

    def _discard(self, batch: "Batch", condition: str, *, raised: bool = True) -> None:
        destination = ((self.mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
        log.warning("%s gives up %d records: %s", self.name, len(batch.records), condition)
        function = self._function()
        if not destination or function is None:
            return
        discard = Discard(
            mapping_id=self.mapping["UUID"],
            function=function.get("config") or function,
            shard_id=self.shard.shard_id,
            stream_arn=self.shard.arn,
            records=batch.records,
            condition=condition,
            invocations=batch.invocations,
            raised=raised,
        )
        try:
            deliver(discard, destination)
        except Exception:  # as on AWS, the stream goes on
            log.exception("%s: the failure destination %s took nothing", self.name, destination)

    def _function(self) -> dict[str, Any] | None:
        """The function as it is now: a deployment may have replaced its code."""
        name, qualifier = self.mapping["FunctionName"], self.mapping.get("Qualifier")
        found: dict[str, Any] | None = self.functions._get_func_record_for_qualifier(name, qualifier)[0]
        return found


@dataclass
class Batch:
    """Records that go to the function together, and what has become of them so far."""

    records: list[Record] = field(repr=False)
    invocations: int = 0
    retries: int = 0
    waits: int = 0

    def again(self, left: list[Record], *, counted: bool = True) -> "Batch":
        return Batch(left, self.invocations + counted, self.retries + counted, self.waits + 1)

    def delay(self) -> float:
        if not self.waits:
            return 0.0
        return float(min(BACKOFF_SECONDS * 2.0 ** (self.waits - 1), LONGEST_BACKOFF_SECONDS))


def arrival(record: Record) -> float:
    if "kinesis" in record:
        return float(record["kinesis"]["approximateArrivalTimestamp"])
    return float(record["dynamodb"]["ApproximateCreationDateTime"])


def _sequence_number(record: Record) -> str:
    return str(record["kinesis"]["sequenceNumber"] if "kinesis" in record else record["dynamodb"]["SequenceNumber"])


def _true(value: object) -> bool:
    """A template's boolean may arrive as a string."""
    return str(value).lower() == "true"


@contextlib.contextmanager
def scope(functions: Any, account: str, region: str) -> Iterator[None]:
    """The emulator finds an account's resources through context variables."""
    tokens = functions._request_account_id.set(account), functions._request_region.set(region)
    try:
        yield
    finally:
        functions._request_account_id.reset(tokens[0])
        functions._request_region.reset(tokens[1])
