"""Faults in an account, caused on purpose and undone afterwards: disabled rules, changed functions, removed
permissions, repeated events."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.support.eventually import eventually, until
from tests.support.shop import Order, RunningShop

_ENVELOPE = ("event_id", "version", "occurred_at", "correlation_id", "entity_version", "data")
_ENTRIES = 10  # the maximum of one PutEvents call

type Event = dict[str, Any]


@contextmanager
def switched_off(shop: RunningShop, *rules: str) -> Iterator[None]:
    """Disables these rules, so that the bus drops what they would have delivered."""
    bus, names = shop.table("Bus"), [shop.table(rule).rpartition("|")[2] for rule in rules]
    for name in names:
        shop.aws("events").disable_rule(Name=name, EventBusName=bus)
    try:
        yield
    finally:
        for name in names:
            shop.aws("events").enable_rule(Name=name, EventBusName=bus)


@contextmanager
def set_otherwise(shop: RunningShop, function: str, variables: Mapping[str, str]) -> Iterator[None]:
    """Runs the function with other environment variables."""
    functions, name = shop.aws("lambda"), shop.table(function)
    before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": {**before, **variables}})
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": before})


@contextmanager
def throttled(shop: RunningShop, function: str) -> Iterator[None]:
    """Throttles every invocation of the function."""
    functions, name = shop.aws("lambda"), shop.table(function)
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        yield
    finally:
        functions.delete_function_concurrency(FunctionName=name)


@contextmanager
def seen_again_soon(shop: RunningShop, queue: str, seconds: int = 1) -> Iterator[None]:
    """Makes the queue deliver failed messages again after this time."""
    sqs, url = shop.aws("sqs"), shop.table(queue)
    name = "VisibilityTimeout"
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: str(seconds)})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


@contextmanager
def held_back(shop: RunningShop, function: str) -> Iterator[None]:
    """The function's queue fills, and nobody reads it."""
    functions = shop.aws("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName=shop.table(function))["EventSourceMappings"]

    def switch(enabled: bool) -> None:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)
        state = "Enabled" if enabled else "Disabled"
        eventually(lambda: functions.get_event_source_mapping(UUID=mapping["UUID"])["State"], state)

    switch(False)
    try:
        yield
    finally:
        switch(True)


@contextmanager
def impatient_reviews(shop: RunningShop, seconds: int = 1) -> Iterator[None]:
    """Makes reviews that start now wait only so long for an operator."""
    states, arn = shop.aws("stepfunctions"), shop.table("Workflows/Review")
    before = states.describe_state_machine(stateMachineArn=arn)["definition"]
    definition = json.loads(before)
    waiting = definition["States"][definition["StartAt"]]
    assert waiting["TimeoutSeconds"] == 86400
    waiting["TimeoutSeconds"] = seconds
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))
    try:
        yield
    finally:
        states.update_state_machine(stateMachineArn=arn, definition=before)


@contextmanager
def without_permission(shop: RunningShop, role: str, action: str) -> Iterator[None]:
    """Removes the statements about the action from the policies of the role. What they allow may be denied until the
    end of the test."""
    iam, name = shop.aws("iam"), shop.table(role)
    kept: dict[str, Any] = {}
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        left = [statement for statement in document["Statement"] if action not in _actions(statement)]
        if len(left) == len(document["Statement"]):
            continue
        removed = [statement for statement in document["Statement"] if statement not in left]
        shop.may_be_denied |= {(role, denied) for statement in removed for denied in _actions(statement)}
        kept[policy] = document
        if left:
            _put(iam, name, policy, {**document, "Statement": left})
        else:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
    assert kept, f"no policy of {role} allows {action}"
    try:
        yield
    finally:
        for policy, document in kept.items():
            _put(iam, name, policy, document)


def invoke(shop: RunningShop, function: str, payload: Mapping[str, Any] | None = None) -> Any:
    """Invokes the function and returns its response. Fails if the function failed."""
    answer = shop.aws("lambda").invoke(FunctionName=shop.table(function), Payload=json.dumps(payload or {}))
    said = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, said
    return said


def event_of(order: Order, name: str) -> Event:
    """Waits for one of the order's events, and returns it as published on the bus."""
    return until(lambda: _recorded(order, name), bool, f"{name} of {order.id}")[0]


def events_of(order: Order) -> list[Event]:
    return _recorded(order, None)


def deliver(shop: RunningShop, events: Iterable[Event]) -> None:
    """Publishes the events again, with their original ids."""
    entries = [
        {
            "Source": event["source"],
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event["detail"]),
            "EventBusName": shop.table("Bus"),
        }
        for event in events
    ]
    for start in range(0, len(entries), _ENTRIES):
        answer = shop.aws("events").put_events(Entries=entries[start : start + _ENTRIES])
        assert answer["FailedEntryCount"] == 0, answer


def _recorded(order: Order, name: str | None) -> list[Event]:
    return [
        {
            "source": row["source"],
            "detail-type": row["type"],
            "detail": {field: row[field] for field in _ENVELOPE},
        }
        for row in order.shop.rows_of(order, "Order/Timeline", ConsistentRead=True)
        if name in {None, row["type"]}
    ]


def _actions(statement: Mapping[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


def _put(iam: Any, role: str, policy: str, document: Mapping[str, Any]) -> None:
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
