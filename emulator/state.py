"""What the account holds outlives the server's process, however that ends.

AWS: what a service has answered is kept. Emulator: saves its services' state when it is asked to end, without the
records of DynamoDB's streams and with running workflows as failed; a killed process loses everything.

Here the whole state is saved every few seconds while there is work, and at the end; in between, each write to a table
or a Kinesis stream goes to a journal before it is answered. After a kill the last state is loaded and the journal is
done again. What a stream had already handed on since the last save is handed on again, as streams may at any time (at
least once), and workflows that were running begin again: the shop is built for both. What a kill may lose is listed in
README.md, "What stays".
"""

import base64
import contextlib
import hashlib
import json
import logging
import os
import pickle
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from emulator.patching import VERSION, expect, module, original

SECONDS, SHARE = 2.0, 20  # between two saves: at least these seconds, and so many times what the last one took
LARGE = ("s3", "lambda_svc")  # services that hold code: saved apart, and only when they have changed
POSITIONS = ("_kinesis_positions", "_dynamodb_stream_positions")  # of the stream readers, in lambda_svc
# Not for a file: what waits in memory, and what the server makes again.
LEFT_OUT = {("stepfunctions", "_task_tokens"), ("sts", "_sessions")}
SNAPSHOT, CODE, JOURNAL = "state.pickle", "code.pickle", "writes-{}.jsonl"
READING = ("Get", "List", "Describe", "AdminGet", "AdminList", "InitiateAuth", "AdminInitiateAuth", "RespondTo")
INDEX = "_index_members"  # a table's cache
log = logging.getLogger("state")

type Stores = dict[tuple[str, str], Any]


class Unreadable(Exception):
    """The saved state is not for this server; the message is for a person."""


def apply() -> "State":
    """Let the emulator save through this module, and journal what it writes in between; its state, to be loaded before
    it serves."""
    server, folder = module("app"), Path(os.environ["STATE_DIR"])
    expect(server.PERSIST_STATE, "PERSIST_STATE=1")
    original(server, "_load_persisted_state")
    original(server, "save_all", "services")
    state = State(server, folder, os.environ["GATEWAY_PORT"])
    server._load_persisted_state = lambda: None
    server.save_all = lambda _services: state.save()
    server.app = state.watching(original(server, "app", "scope receive send"))
    _journal_tables(state)
    _journal_kinesis(state)
    _save_users(state)
    return state


class State:
    """The account's stores in a folder: the last save, and a journal of what was written since."""

    def __init__(self, server: Any, folder: Path, port: str) -> None:
        self.server, self.folder, self.port = server, folder, port
        self.generation, self.changed = 0, threading.Event()
        self.journal: int | None = None
        self.code = b""
        self.lock = threading.Lock()  # one save at a time
        self.appending = threading.Lock()

    def load(self) -> None:
        """What was saved and what was written after it; from then on, save. Raises Unreadable."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if (self.folder / SNAPSHOT).exists():
            try:
                self._restore()
            except Exception as error:
                log.exception("The state cannot be loaded")
                raise Unreadable(
                    f"The state in {self.folder} cannot be loaded ({error}): remove it to start anew"
                ) from error
        self.save()
        threading.Thread(target=self._keep_saving, name="state", daemon=True).start()

    def save(self) -> None:
        with self.lock:
            self.generation += 1
            self._open_journal()
            self.changed.clear()
            stores = self._stores()
            code = {key: stores.pop(key) for key in list(stores) if key[0] in LARGE and key[1] not in POSITIONS}
            header = {"version": VERSION, "port": self.port, "generation": self.generation}
            # One call into C, during which no other thread runs: all stores as they are at one moment.
            saved = pickle.dumps((header, stores))
            packed = pickle.dumps(code)
            if packed != self.code:
                _replace(self.folder / CODE, packed)
                self.code = packed
            _replace(self.folder / SNAPSHOT, saved)
            for old in self.folder.glob(JOURNAL.format("*")):
                if _number(old) < self.generation:
                    old.unlink()

    def append(self, entry: dict[str, Any]) -> None:
        """Before the answer; one system call, so that a killed process leaves all of an entry or nothing."""
        line = json.dumps(entry).encode() + b"\n"
        with self.appending:
            if self.journal is not None:
                os.write(self.journal, line)
        self.changed.set()

    def watching(self, inside: Any) -> Any:
        """The application, with whose calls the state changes."""

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await inside(scope, receive, send)
            if scope.get("method", "GET") != "GET":
                self.changed.set()

        return app

    def _open_journal(self) -> None:
        path = self.folder / JOURNAL.format(self.generation)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with self.appending:
            previous, self.journal = self.journal, descriptor
        if previous is not None:
            os.close(previous)

    def _keep_saving(self) -> None:
        pause = SECONDS
        while True:
            self.changed.wait()
            time.sleep(pause)
            began = time.monotonic()
            try:
                self.save()
            except Exception:
                log.exception("The state was not saved")
            pause = max(SECONDS, SHARE * (time.monotonic() - began))

    def _stores(self) -> Stores:
        responses = module("core.responses")
        kinds = (responses.AccountScopedDict, responses.AccountRegionScopedDict)
        return {
            (name, attribute): value._data
            for name in self.server._registry_module_names()
            for attribute, value in vars(sys.modules.get(f"ministack.services.{name}", object)).items()
            if isinstance(value, kinds) and (name, attribute) not in LEFT_OUT
        }

    def _restore(self) -> None:
        header, stores = pickle.loads((self.folder / SNAPSHOT).read_bytes())  # noqa: S301 - this user's own file
        if header["version"] != VERSION:
            raise Unreadable(f"saved by MiniStack {header['version']}, this is {VERSION}")
        self.generation = header["generation"]
        stores |= pickle.loads((self.folder / CODE).read_bytes())  # noqa: S301
        moved = _moved(header["port"], self.port)
        for (service, attribute), data in stores.items():
            getattr(self.server._get_module(service), attribute)._data.update(moved(data))
        journals = sorted(self.folder.glob(JOURNAL.format("*")), key=_number)
        for path in journals:
            if _number(path) >= header["generation"]:
                self.generation = max(self.generation, _number(path))
                for entry in _entries(path):
                    _again(moved(entry))
        _end_deployments()
        threading.Thread(target=_resume, args=(int(self.port),), daemon=True).start()


def _number(journal: Path) -> int:
    return int(journal.stem.partition("-")[2])


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(".new")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().split(b"\n"):
        with contextlib.suppress(ValueError):  # the end of a line that was being written
            if line:
                yield json.loads(line)


def _moved(old: str, new: str) -> Callable[[Any], Any]:
    """URLs of the account name the port that it had: a function that puts the new one in."""
    if old == new:
        return lambda value: value
    names = [(f"{host}:{old}", f"{host}:{new}") for host in ("localhost", "127.0.0.1")]

    def move(value: Any) -> Any:
        if isinstance(value, str):
            for before, after in names:
                value = value.replace(before, after)
            return value
        if isinstance(value, dict):
            moved = {move(key): move(each) for key, each in value.items()}
            if str(moved.get("content_type", "")).startswith("application/json"):
                _move_object(moved, move)
            value.clear()
            value.update(moved)
            return value
        if isinstance(value, list | tuple | set):
            return type(value)(move(each) for each in value)
        return value

    return move


def _move_object(found: dict[str, Any], move: Callable[[str], str]) -> None:
    """A JSON object of S3 that tells a browser where Cognito is."""
    body = found.get("body")
    if isinstance(body, bytes) and (moved := move(body.decode("utf-8", "replace")).encode()) != body:
        etag = hashlib.md5(moved, usedforsecurity=False).hexdigest()
        found |= {"body": moved, "size": len(moved), "etag": f'"{etag}"', "checksums": {}}


def _journal_tables(state: State) -> None:
    tables = module("services.dynamodb")
    handle = original(tables, "handle_request", "method path headers body query_params")
    emit = original(tables, "_emit_stream_event", "table_name event_name old_item new_item replicate")
    responses = module("core.responses")
    request: ContextVar[list[Any] | None] = ContextVar("what the request has written", default=None)

    def emit_stream_event(name: str, event: str, old: Any, new: Any, *rest: Any, **options: Any) -> None:
        records = tables._stream_records.get(name)
        before = records[-1] if records else None
        emit(name, event, old, new, *rest, **options)
        records = tables._stream_records.get(name)
        record = records[-1] if records and records[-1] is not before else None
        scope = responses.get_account_id(), responses.get_region()
        write = {"table": [*scope, name], "old": old, "new": new, "record": record}
        written = request.get()
        if written is None:
            state.append({"writes": [write]})
        else:
            written.append(write)

    async def handle_request(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Any:
        written: list[Any] = []
        token = request.set(written)
        try:
            return await handle(method, path, headers, body, query_params)
        finally:
            request.reset(token)
            if written:  # a transaction is one entry
                state.append({"writes": written})

    tables._emit_stream_event = emit_stream_event
    tables.handle_request = handle_request


def _journal_kinesis(state: State) -> None:
    streams = module("services.kinesis")
    handle = original(streams, "handle_request", "method path headers body query_params")
    responses = module("core.responses")

    async def handle_request(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Any:
        answer = await handle(method, path, headers, body, query_params)
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation in ("PutRecord", "PutRecords") and answer[0] == 200:
            name, stream = streams._resolve_stream(json.loads(body))
            scope = responses.get_account_id(), responses.get_region()
            put = json.loads(answer[2])
            places = [(one["ShardId"], one["SequenceNumber"]) for one in put.get("Records", [put])]
            records = [(shard, _find(stream["shards"][shard]["records"], number)) for shard, number in places]
            state.append({"stream": [*scope, name], "records": [[shard, _text(one)] for shard, one in records]})
        return answer

    streams.handle_request = handle_request


def _find(records: list[dict[str, Any]], number: str) -> dict[str, Any]:
    return next(record for record in reversed(records) if record["SequenceNumber"] == number)


def _text(record: dict[str, Any]) -> dict[str, Any]:
    data = record["Data"]
    return {**record, "Data": base64.b64encode(data).decode()} if isinstance(data, bytes) else record


def _save_users(state: State) -> None:
    """A change of users is saved before it is answered: they are few, and a lost password stays lost."""
    pools = module("services.cognito")
    handle = original(pools, "handle_request", "method path headers body query_params")

    async def handle_request(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Any:
        answer = await handle(method, path, headers, body, query_params)
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation and not operation.startswith(READING):
            state.save()
        return answer

    pools.handle_request = handle_request


def _again(entry: dict[str, Any]) -> None:
    """Do what an entry of the journal says, unless the state has it already."""
    for write in entry.get("writes", ()):
        _write_again(write)
    if "stream" in entry:
        stream = module("services.kinesis")._streams._data.get(tuple(entry["stream"]))
        for shard, record in entry["records"]:
            held = stream["shards"][shard]["records"] if stream and shard in stream["shards"] else None
            if held is not None and all(one["SequenceNumber"] != record["SequenceNumber"] for one in held):
                held.append(record)


def _write_again(write: dict[str, Any]) -> None:
    tables = module("services.dynamodb")
    place = tuple(write["table"])
    table = tables._tables._data.get(place)
    if table is None:  # deleted since
        return
    table.pop(INDEX, None)
    old, new = write["old"], write["new"]
    key = [tables._extract_key_val((new or old).get(table["pk_name"])), "__no_sort__"]
    if table["sk_name"]:
        key[1] = tables._extract_key_val((new or old).get(table["sk_name"]))
    if new is not None:
        tables._set_item(table, *key, new)
    elif key[1] in table["items"].get(key[0], {}):
        tables._remove_item(table, *key)
    record = write["record"]
    if record:
        records = tables._stream_records._data.setdefault(place, [])
        number = record["dynamodb"]["SequenceNumber"]
        if not records or records[-1]["dynamodb"]["SequenceNumber"] < number:
            records.append(record)


def _end_deployments() -> None:
    """A deployment that was under way is over: the next one takes the stack from there."""
    for stack in module("services.cloudformation")._stacks._data.values():
        kind, _, end = stack["StackStatus"].partition("_")
        if end.endswith("IN_PROGRESS") and kind != "REVIEW":
            stack["StackStatus"] = "UPDATE_ROLLBACK_COMPLETE" if kind == "UPDATE" else f"{kind}_FAILED"


def _resume(port: int) -> None:
    """What runs by itself runs on once the functions can call: readers of streams and queues, and workflows, from their
    beginning."""
    while not _listening(port):
        time.sleep(0.05)
    module("services.lambda_svc")._ensure_poller()
    machines = module("services.stepfunctions")
    for (account, region, arn), execution in list(machines._executions._data.items()):
        if execution.get("status") == "RUNNING":
            execution["events"] = execution["events"][:1]
            threading.Thread(target=_rerun, args=(machines, account, region, arn), daemon=True).start()


def _rerun(machines: Any, account: str, region: str, execution: str) -> None:
    responses = module("core.responses")
    responses.set_request_account_id(account)
    responses.set_request_region(region)
    machines._run_execution(execution)


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
