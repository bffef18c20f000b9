"""The bus, live: a queue and a rule of one's own for as long as somebody watches.

Their names begin with the stack's, and the queue's tag says until when its watcher is surely alive. What a watcher left
behind that was killed is found by these two, and removed by whoever watches next.
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
    """Empty is everything."""

    order: str | None = None
    sources: Sequence[str] = ()
    types: Sequence[str] = ()

    def pattern(self) -> dict[str, Any]:
        """As EventBridge asks for it, so that nothing else is sent, and paid for."""
        pattern: dict[str, Any] = {"source": list(self.sources) or [{"prefix": _ALL}]}
        if self.types:
            pattern["detail-type"] = list(self.types)
        if self.order:
            pattern["detail"] = {"data": {"order_id": [self.order]}}
        return pattern


@dataclass(frozen=True)
class Passed:
    """An event that passed the bus."""

    at: datetime
    source: str
    type: str
    event_id: str
    about: str
    data: Mapping[str, Any]
    replayed: bool


@contextmanager
def watching(stack: Stack, wanted: Filter) -> Iterator["Watch"]:
    """Sees everything that passes from here on. What it made is gone afterwards, whatever ended it."""
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
            Description="Somebody is running `shop watch`, which removes this when it ends.",
        )["RuleArn"]
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": json.dumps(_policy(arn, rule))})
        events.put_targets(Rule=self.name, EventBusName=bus, Targets=[{"Id": "watch", "Arn": arn}])

    def passed(self) -> list[Passed]:
        """What has come since the last time, after waiting a moment for something."""
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
        return sorted((_passed(json.loads(message["Body"])) for message in messages), key=lambda event: event.at)

    def _renew(self) -> None:
        if time.monotonic() > self._renewal:
            self._sqs.tag_queue(QueueUrl=self._url, Tags={_ALIVE_UNTIL: str(int(time.time()) + _LEASE_SECONDS)})
            self._renewal = time.monotonic() + _RENEWED_EVERY


def remove_leftovers(stack: Stack) -> list[str]:
    """Rules and queues of watchers that are surely dead; their names."""
    events, sqs, bus = stack.client("events"), stack.client("sqs"), stack.resources["Bus"]
    dead = [name for name in watchers(events, sqs, bus, stack.details.stack_name) if not _alive(sqs, name)]
    for name in dead:
        remove(events, sqs, bus, name)
    return dead


def watchers(events: Any, sqs: Any, bus: str, stack_name: str) -> list[str]:
    """The names of all of a stack's watchers, dead ones too."""
    prefix = _prefix(stack_name)
    rules = events.get_paginator("list_rules").paginate(EventBusName=bus, NamePrefix=prefix)
    queues = sqs.get_paginator("list_queues").paginate(QueueNamePrefix=prefix)
    names = {rule["Name"] for page in rules for rule in page["Rules"]}
    return sorted(names | {url.rpartition("/")[2] for page in queues for url in page.get("QueueUrls", [])})


def _alive(sqs: Any, name: str) -> bool:
    """A rule without its queue watches nothing."""
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        until = sqs.list_queue_tags(QueueUrl=url).get("Tags", {}).get(_ALIVE_UNTIL, "0")
    except sqs.exceptions.QueueDoesNotExist:
        return False
    return int(until) > time.time()


def remove(events: Any, sqs: Any, bus: str, name: str) -> None:
    """Whatever there is of a watcher. The rule first: one without its queue would fail with every event."""
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
    return f"{stack_name}-watch-"  # a rule's name has 64 characters at most


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


def _passed(event: Mapping[str, Any]) -> Passed:
    """Also what is no event of the shop's shape: whoever watches wants to see it."""
    detail = event.get("detail")
    if not isinstance(detail, dict):
        detail = {"data": {"detail": detail}}
    return Passed(
        at=datetime.fromisoformat(detail.get("occurred_at") or event["time"]),
        source=event["source"],
        type=event["detail-type"],
        event_id=str(detail.get("event_id", event.get("id", ""))),
        about=str(detail.get("correlation_id", "")),
        data=detail.get("data") or {},
        replayed="replay-name" in event,
    )
