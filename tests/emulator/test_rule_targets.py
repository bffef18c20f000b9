"""What a rule may not or cannot deliver goes to its dead-letter queue, whole."""

import json
from typing import Any

import pytest

from tests.emulator.account import Account

DEFINITION = json.dumps({"StartAt": "S", "States": {"S": {"Type": "Pass", "End": True}}})
SERVICE = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "*", "Resource": "*"}


@pytest.fixture
def dead_letters(account: Account) -> str:
    return account.queue(Policy=json.dumps({"Statement": [SERVICE]}))


def deliver(account: Account, dead_letters: str, **target: Any) -> str:
    """Send one event to a rule with this target; the rule's ARN."""
    events, bus, rule = account.client("events"), account.name("bus"), account.name("rule")
    events.create_event_bus(Name=bus)
    pattern = json.dumps({"source": ["shop.order"]})
    arn: str = events.put_rule(Name=rule, EventBusName=bus, EventPattern=pattern)["RuleArn"]
    bury = {"DeadLetterConfig": {"Arn": account.queue_arn(dead_letters)}}
    events.put_targets(Rule=rule, EventBusName=bus, Targets=[{"Id": "target", **target, **bury}])
    entry = {"Source": "shop.order", "DetailType": "OrderPlaced", "Detail": '{"n": 1}', "EventBusName": bus}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    return arn


def buried(account: Account, dead_letters: str) -> tuple[dict[str, Any], dict[str, str]]:
    (message,) = account.eventually(lambda: account.receive(dead_letters))
    attributes = {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}
    return json.loads(message["Body"]), attributes


@pytest.mark.parametrize(
    "policy", ["", json.dumps({"Statement": [{**SERVICE, "Principal": {"Service": "sns.amazonaws.com"}}]})]
)
def test_a_queue_must_let_the_rule_in(account: Account, dead_letters: str, policy: str) -> None:
    queue = account.queue(**({"Policy": policy} if policy else {}))
    rule = deliver(account, dead_letters, Arn=account.queue_arn(queue))
    event, attributes = buried(account, dead_letters)
    assert event["detail"] == {"n": 1}
    assert event["source"] == "shop.order"
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    assert attributes["RULE_ARN"] == rule
    assert attributes["TARGET_ARN"] == account.queue_arn(queue)
    assert account.receive(queue) == []


def test_a_queue_that_lets_the_rule_in_gets_the_event(account: Account, dead_letters: str) -> None:
    queue = account.queue(Policy=json.dumps({"Statement": [SERVICE]}))
    deliver(account, dead_letters, Arn=account.queue_arn(queue))
    assert account.eventually(lambda: account.receive(queue))
    assert account.receive(dead_letters) == []


def test_a_missing_target_is_buried(account: Account, dead_letters: str) -> None:
    deliver(account, dead_letters, Arn="arn:aws:sqs:us-east-1:000000000000:gone")
    assert buried(account, dead_letters)[1]["ERROR_CODE"] == "NO_RESOURCE"


def test_a_state_machine_starts_only_with_the_role_s_permission(account: Account, dead_letters: str) -> None:
    machines = account.client("stepfunctions")
    machine = machines.create_state_machine(
        name=account.name("machine"), definition=DEFINITION, roleArn=account.role()
    )["stateMachineArn"]
    deliver(account, dead_letters, Arn=machine, RoleArn=account.role())
    assert buried(account, dead_letters)[1]["ERROR_CODE"] == "NO_PERMISSIONS"
    assert machines.list_executions(stateMachineArn=machine)["executions"] == []
    allowed = account.role({"Action": "states:StartExecution", "Resource": machine})
    deliver(account, dead_letters, Arn=machine, RoleArn=allowed)
    account.eventually(lambda: machines.list_executions(stateMachineArn=machine)["executions"])


def test_no_dead_letter_queue_takes_what_its_policy_forbids(account: Account) -> None:
    closed = account.queue()
    deliver(account, closed, Arn="arn:aws:sqs:us-east-1:000000000000:gone")
    assert account.receive(closed) == []
