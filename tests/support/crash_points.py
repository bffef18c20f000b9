"""Enumerated crashes for the handlers of notify, clickstream and kafka, each by itself on moto. A story runs once
without faults, and then, each time in a fresh account, once for every fault at every call of its handler.

The handlers that keep money and stock right are crashed together in `tests/simulation/crashes.py`.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from botocore.exceptions import ClientError
from joserfc.jwk import RSAKey
from moto import mock_aws

from kafkabridge import access, producer
from notify import endpoint
from notify.events import events_of
from shopkit import clock, custom_resource
from shopkit.aws import client
from shopkit.streams import change_of
from tests.simulation.crashes import Fault
from tests.support.interleaving import Died
from tests.support.kafka import Broker, broker, reader
from tests.support.tables import create_tables, rows, stream_records

type Effect = tuple[str, str, str]
"""Something said to the outside: by which call, to whom (who hears it in order), and what."""

NOW = datetime(2024, 5, 17, 10, 5, 30, tzinfo=UTC)
TABLES = {"NOTIFICATIONS_TABLE": "notify", "CLICKSTREAM_TABLE": "clickstream", "SALES_TABLE": "kafka"}
_TOPIC, _SENDER = "shop.orders", "shop@example.com"
# The number of the queue's deliveries, and the functions' ATTEMPTS. After that, a person redrives.
_RECEIVES = 3
# Times, the other side's names, and expiry: no consumer sees these.
_BOOKKEEPING = {"at", "receipt", "expires_at"}
# Sent once, unless the caller cannot know whether it was sent.
_ONCE = ("SendEmail", "POST")
# Calls that can partly succeed, entry by entry.
_ENTRIES = {"PutEvents": "Entries", "PutRecords": "Records"}


@dataclass(frozen=True)
class Story:
    """`invocations` run in the account after the preparation. `left` is the trigger: it returns the part of an
    invocation that is delivered again after a given response. The webhook's endpoint first responds as in `statuses`.

    `counted` means that failed attempts are counted, and so are crashes. Then only the outcome must be the same.
    """

    function: str
    left: Callable[[Any, Any], Any]
    invocations: Callable[[], Sequence[Any]]
    environment: Mapping[str, str] = field(default_factory=dict)
    statuses: Sequence[int] = ()
    counted: bool = False


def queue(event: Any, answer: Any) -> Any:
    failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
    return {"Records": [message for message in event["Records"] if message["messageId"] in failed]} if failed else None


def stream(event: Any, answer: Any) -> Any:
    """Delivers again from the record that the handler names."""
    for failure in answer["batchItemFailures"]:
        places = [record.get("kinesis") or record["dynamodb"] for record in event["Records"]]
        numbers = [place.get("sequenceNumber") or place["SequenceNumber"] for place in places]
        return {"Records": event["Records"][numbers.index(failure["itemIdentifier"]) :]}
    return None


def caller(event: Any, answer: Any) -> Any:
    """For a client of the API, an asynchronous invocation or a batch of a topic: everything again until it succeeds."""
    return event if answer and answer["statusCode"] >= 500 else None


@dataclass
class Boundary:
    """Every call of the handler passes it. It injects one fault at the call with that number."""

    fault: Fault | None = None
    at: int = -1
    watching: bool = False
    calls: list[str] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    def __call__(self, operation: str, sent: Any, perform: Callable[[], Any]) -> Any:
        if not self.watching:
            return perform()
        self.calls.append(operation)
        fault = self.fault if len(self.calls) - 1 == self.at else None
        if fault is Fault.BEFORE:
            raise Died
        if fault is Fault.REFUSED:
            return _refused(operation, sent)
        with suppress(Exception) if fault is Fault.AFTER else nullcontext():
            answer = perform()
            self.effects += [(operation, *said) for said in _effects_of(operation, sent, answer)]
            if fault is None:
                return answer
        raise Died


def possible(operation: str) -> list[Fault]:
    # CloudFormation gets this error and rolls back, so nothing is retried.
    refused = [] if operation == "GetBootstrapBrokers" else [Fault.REFUSED]
    return [Fault.BEFORE, Fault.AFTER, *refused]


def _refused(operation: str, sent: Any) -> Any:
    if entries := _ENTRIES.get(operation):
        return {entries: [{"ErrorCode": "ThrottlingException"} for _ in sent[entries]], "FailedEntryCount": 1}
    if operation.isupper():
        raise OSError(operation)
    raise ClientError({"Error": {"Code": "ThrottlingException"}}, operation)


def _effects_of(operation: str, sent: Any, answer: Any) -> list[tuple[str, str]]:
    match operation:
        case "SendEmail":
            return [(sent["Destination"]["ToAddresses"][0], repr(sent))]
        case "POST" if answer == 200:
            return [(json.loads(sent["body"])["correlation_id"], repr(sent))]
        case "PutEvents":
            return [(json.loads(entry["Detail"])["correlation_id"], repr(entry)) for entry in sent["Entries"]]
        case "PutRecords":
            return [(record["PartitionKey"], repr(record)) for record in sent["Records"]]
        case "SendMessage" | "PUT":
            return [("", repr(sent))]
    return []


@dataclass(frozen=True)
class Ending:
    """A story's calls, everything that was sent, and the result: what was sent without repetitions, and the rest."""

    calls: list[str]
    effects: list[Effect]
    left: dict[str, Any]


def ending_of(story: Story, fault: Fault | None = None, at: int = -1) -> Ending:
    """Runs the story. Raises AssertionError if the trigger retries for ever."""
    boundary = Boundary(fault, at)
    with ExitStack() as stack:
        stack.enter_context(mock_aws())
        stack.enter_context(patch.object(time, "sleep"))
        stack.enter_context(patch.object(clock, "now", lambda: NOW))
        stack.enter_context(patch.dict(os.environ, {**_account(), **story.environment}))
        running = stack.enter_context(broker()) if story.function == "kafkabridge.bridge" else None
        stack.enter_context(_outside(boundary, iter(story.statuses), running))
        _forget()
        answers = _delivered(story, boundary)
        if running:
            boundary.effects += _on_topic(running)
        heard: dict[tuple[str, str], list[str]] = {}
        for call, hearer, what in dict.fromkeys(boundary.effects):
            heard.setdefault((call, hearer), []).append(what)
        return Ending(boundary.calls, boundary.effects, {"heard": heard, **_kept(story, answers)})


def _kept(story: Story, answers: list[Any]) -> dict[str, Any]:
    """Returns the responses, every row, and the events of the rows' changes."""
    found = [row for name in TABLES for row in rows(os.environ[name])]
    if story.counted:
        return {"statuses": {row["pk"]: row["status"] for row in found}}
    changes = [change_of(record) for record in stream_records(os.environ["NOTIFICATIONS_TABLE"])]
    events = [event for change in changes for event in events_of(change.old, change.new)]
    return {
        "answers": answers,
        "rows": sorted(({k: v for k, v in row.items() if k not in _BOOKKEEPING} for row in found), key=repr),
        "events": sorted((event.type, str(event.event_id)) for event in events),
    }


def _delivered(story: Story, boundary: Boundary) -> list[Any]:
    """Delivers each invocation until nothing of it is left. Returns the handler's last response."""
    handler, now, answers = vars(import_module(story.function))["handler"], NOW, []
    for invocation in story.invocations():
        left: Any = invocation
        for delivery in range(3 * _RECEIVES):
            now += timedelta(minutes=1)  # a retry happens later
            for message in left["Records"] if story.left is queue else []:
                message["attributes"]["ApproximateReceiveCount"] = str(delivery % _RECEIVES + 1)
            boundary.watching = True
            try:
                with patch.object(clock, "now", lambda now=now: now):
                    answer = handler(deepcopy(left), None)
            except Died:
                _forget()
                continue
            except Exception:  # noqa: BLE001 - to its trigger it failed; why is in the logs
                continue
            finally:
                boundary.watching = False
            left = story.left(left, answer)
            if left is None:
                answers.append(answer)
                break
        assert left is None, f"never done: {left}"
    return answers


def _forget() -> None:
    """Clears what an execution environment keeps in memory, except the SDK's clients, which take long to create."""
    services = ("notify.", "clickstream.", "kafkabridge.")
    for module in [module for name, module in sys.modules.items() if name.startswith(services)]:
        for value in vars(module).values():
            if hasattr(value, "cache_clear") and value is not client:
                value.cache_clear()


def _account() -> dict[str, str]:
    """Creates all resources. Returns the variables of all functions."""
    users, secrets = client("cognito-idp"), client("secretsmanager")
    with patch.object(RSAKey, "import_key"):  # this takes longer than everything else, and no token is signed here
        pool = users.create_user_pool(PoolName="shop")["UserPool"]["Id"]
    for name in ("ada", "bob"):
        attributes: Any = [
            {"Name": "email", "Value": f"{name}@example.com"},
            {"Name": "email_verified", "Value": "true"},
        ]
        users.admin_create_user(UserPoolId=pool, Username=name, UserAttributes=attributes)
    client("sesv2").create_email_identity(EmailIdentity=_SENDER)
    client("events").create_event_bus(Name="shop")
    client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    credentials = json.dumps({"username": "bridge", "password": "secret"})
    return {
        **{name: table for name, service in TABLES.items() for table in create_tables(service).values()},
        "FAILURE_QUEUE_URL": client("sqs").create_queue(QueueName="failures")["QueueUrl"],
        "USER_POOL_ID": pool,
        "SENDER_EMAIL": _SENDER,
        "ATTEMPTS": str(_RECEIVES),
        "WEBHOOK_SECRET_ARN": secrets.create_secret(Name="webhook", SecretString="c2VjcmV0")["ARN"],
        "WEBHOOK_URL": "https://example.com/orders",
        "BUS_NAME": "shop",
        "STREAM_NAME": "clicks",
        "BROKERS": "boot:9096",
        "AUTHENTICATION": "SCRAM-SHA-512",
        "SECRET_ARN": secrets.create_secret(Name="brokers", SecretString=credentials)["ARN"],
        "TOPIC": _TOPIC,
        "PARTITIONS": "3",
    }


@contextmanager
def _outside(boundary: Boundary, statuses: Iterator[int], running: Broker | None) -> Iterator[None]:
    """Sends all outgoing calls through the boundary. The webhook's endpoint and CloudFormation are doubles."""
    really_call: Any = vars(BaseClient)["_make_api_call"]
    produce, settings = producer.produce, access.settings

    def call(aws: BaseClient, operation: str, sent: Any) -> Any:
        # moto does not support this one
        known = {"GetBootstrapBrokers": {"BootstrapBrokerStringSaslIam": "boot:9098"}}.get(operation)
        return boundary(operation, sent, lambda: known or really_call(aws, operation, sent))

    def post(_url: str, body: bytes, headers: Mapping[str, str]) -> Any:
        return boundary("POST", {"id": headers["webhook-id"], "body": body.decode()}, lambda: next(statuses, 200))

    def reached() -> dict[str, Any]:
        settings()  # reads the password, which the test's broker does not need
        return {"bootstrap.servers": running.address if running else "", "log_level": 3}

    with (
        patch.object(BaseClient, "_make_api_call", call),
        patch.object(endpoint, "_status", post),
        patch.object(custom_resource, "urlopen", lambda put, timeout: boundary("PUT", put.data, nullcontext)),
        patch.object(access, "settings", reached),
        patch.object(producer, "produce", lambda **sent: boundary("PRODUCE", sent, lambda: produce(**sent))),
    ):
        yield


def _on_topic(running: Broker) -> list[Effect]:
    with reader(running.address, _TOPIC) as consumer:
        count = sum(consumer.get_watermark_offsets(partition)[1] for partition in consumer.assignment())
    return [("PRODUCE", repr(record.key()), repr(record.value())) for record in running.read(_TOPIC, count)]


def crash_points(story: Story) -> Iterator[tuple[str, list[str]]]:
    """Yields each crash point and what went wrong there."""
    calm = ending_of(story)
    for at, operation in enumerate(calm.calls):
        for fault in possible(operation):
            yield f"call {at}, {operation} of {story.function}, {fault}", list(_wrong(story, calm, fault, at))


def _wrong(story: Story, calm: Ending, fault: Fault, at: int) -> Iterator[str]:
    try:
        crashed = ending_of(story, fault, at)
    except AssertionError as never_done:
        yield str(never_done)
        return
    for name, value in calm.left.items():
        if crashed.left[name] != value:
            yield f"{name}: {crashed.left[name]} instead of {value}"
    said, expected = (Counter(e for e in each.effects if e[0] in _ONCE) for each in (crashed, calm))
    took_effect = calm.calls[: at + (fault is Fault.AFTER)]
    sent_and_not_recorded = took_effect and took_effect[-1] in _ONCE
    if (said - expected).total() > bool(sent_and_not_recorded):
        yield f"said again, though it was on record: {said - expected}"
