"""Shows the bus live. Each watcher creates a queue and a rule for as long as it runs.

Their names begin with the stack's name. A tag of the queue says until when its watcher is certainly alive. If a watcher
is killed, the next one finds what it left behind by name and tag, and removes it.
"""

import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from deployed.stack import Stack

_ALIVE_UNTIL = "alive-until"
_LEASE_SECONDS = 180
_RENEWED_EVERY = 60
_WAIT_SECONDS = 2
_ALL = "shop."


@dataclass(frozen=True)
class Filter:
    """Empty fields match everything."""

    order: str | None = None
    sources: Sequence[str] = ()
    types: Sequence[str] = ()

    def pattern(self) -> dict[str, Any]:
        """Returns the event pattern for EventBridge, so that only matching events are sent and paid for."""
        pattern: dict[str, Any] = {"source": list(self.sources) or [{"prefix": _ALL}]}
        if self.types:
            pattern["detail-type"] = list(self.types)
        if self.order:
            pattern["detail"] = {"data": {"order_id": [self.order]}}
        return pattern


@dataclass(frozen=True)
class BusEvent:
    """An event that was published on the bus."""

    at: datetime
    source: str
    type: str
    event_id: str
    about: str
    data: Mapping[str, Any]
    replayed: bool


@contextmanager
def watching(stack: Stack, wanted: Filter) -> Iterator["Watch"]:
    """Receives every event from now on. Afterwards the queue and the rule are removed, whatever ended it."""
    remove_leftovers(stack)
    watch = Watch(stack)
    try:
        watch.begin(wanted)
        yield watch
    finally:
        remove(stack.client("events"), stack.client("sqs"), stack.resources["Bus"], watch.name)


class Watch:
    def __init__(self, stack: Stack) -> None:
        self.name = _prefix(stack.details.stack_name) + secrets.token_hex(4)
        self._stack, self._sqs = stack, stack.client("sqs")
        self._url, self._renewal = "", 0.0

    def begin(self, wanted: Filter) -> None:
        events, bus = self._stack.client("events"), self._stack.resources["Bus"]
        self._url = self._sqs.create_queue(
            QueueName=self.name,
            Attributes={"MessageRetentionPeriod": "300"},
            tags={_ALIVE_UNTIL: str(int(time.time()) + _LEASE_SECONDS)},
        )["QueueUrl"]
        self._renewal = time.monotonic() + _RENEWED_EVERY
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        rule = events.put_rule(
            Name=self.name,
            EventBusName=bus,
            EventPattern=json.dumps(wanted.pattern()),
            Description="Created by a running `shop watch`, which removes it when it ends.",
        )["RuleArn"]
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": json.dumps(_policy(arn, rule))})
        events.put_targets(Rule=self.name, EventBusName=bus, Targets=[{"Id": "watch", "Arn": arn}])

    def receive(self) -> list[BusEvent]:
        """Returns the events since the last call, after waiting a moment if there are none."""
        self._renew()
        messages = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=_WAIT_SECONDS
        ).get("Messages", [])
        if messages:
            self._sqs.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(messages)
                ],
            )
        return sorted((_bus_event(json.loads(message["Body"])) for message in messages), key=lambda event: event.at)

    def _renew(self) -> None:
        if time.monotonic() > self._renewal:
            self._sqs.tag_queue(QueueUrl=self._url, Tags={_ALIVE_UNTIL: str(int(time.time()) + _LEASE_SECONDS)})
            self._renewal = time.monotonic() + _RENEWED_EVERY


def remove_leftovers(stack: Stack) -> list[str]:
    """Removes rules and queues of watchers that are certainly dead; returns their names."""
    events, sqs, bus = stack.client("events"), stack.client("sqs"), stack.resources["Bus"]
    dead = [name for name in watchers(events, sqs, bus, stack.details.stack_name) if not _alive(sqs, name)]
    for name in dead:
        remove(events, sqs, bus, name)
    return dead


def watchers(events: Any, sqs: Any, bus: str, stack_name: str) -> list[str]:
    """Returns the names of all watchers of a stack, including dead ones."""
    prefix = _prefix(stack_name)
    rules = events.get_paginator("list_rules").paginate(EventBusName=bus, NamePrefix=prefix)
    queues = sqs.get_paginator("list_queues").paginate(QueueNamePrefix=prefix)
    names = {rule["Name"] for page in rules for rule in page["Rules"]}
    return sorted(names | {url.rpartition("/")[2] for page in queues for url in page.get("QueueUrls", [])})


def _alive(sqs: Any, name: str) -> bool:
    """Whether the watcher is alive. A rule without its queue is not."""
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        until = sqs.list_queue_tags(QueueUrl=url).get("Tags", {}).get(_ALIVE_UNTIL, "0")
    except sqs.exceptions.QueueDoesNotExist:
        return False
    return int(until) > time.time()


def remove(events: Any, sqs: Any, bus: str, name: str) -> None:
    """Removes what exists of a watcher. The rule comes first, because without its queue every event would fail."""
    try:
        events.remove_targets(Rule=name, EventBusName=bus, Ids=["watch"])
        events.delete_rule(Name=name, EventBusName=bus)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
    try:
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])
    except sqs.exceptions.QueueDoesNotExist:
        return


def _prefix(stack_name: str) -> str:
    return f"{stack_name}-watch-"  # a rule's name has at most 64 characters


def _policy(queue: str, rule: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
            }
        ],
    }


def _bus_event(event: Mapping[str, Any]) -> BusEvent:
    """Returns the event. Accepts events that are not in the shop's format, because whoever watches wants to see them
    too."""
    detail = event.get("detail")
    if not isinstance(detail, dict):
        detail = {"data": {"detail": detail}}
    return BusEvent(
        at=datetime.fromisoformat(detail.get("occurred_at") or event["time"]),
        source=event["source"],
        type=event["detail-type"],
        event_id=str(detail.get("event_id", event.get("id", ""))),
        about=str(detail.get("correlation_id", "")),
        data=detail.get("data") or {},
        replayed="replay-name" in event,
    )
