"""Alarms go off by themselves, on their own metric, and where they may."""

import json
from typing import Any

from tests.emulator.account import Account
from tests.emulator.watching import alarm, state


def allowing(service: str, action: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"Service": service}, "Action": action, "Resource": "*"}


def policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


LETS_ALARMS_IN = allowing("cloudwatch.amazonaws.com", "sns:Publish")
LETS_RULES_IN = allowing("events.amazonaws.com", "sns:Publish")


def listened_topic(account: Account, statement: dict[str, Any]) -> tuple[str, str]:
    """A topic with this policy, and the URL of a queue that hears it."""
    sns, queue = account.client("sns"), account.queue(Policy=policy(allowing("sns.amazonaws.com", "sqs:SendMessage")))
    topic = sns.create_topic(Name=account.name("topic"))["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(statement))
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=account.queue_arn(queue),
        Attributes={"RawMessageDelivery": "true"},
    )
    return topic, queue


def put(account: Account, goods: str, *values: int) -> None:
    account.client("cloudwatch").put_metric_data(
        Namespace="Shop",
        MetricData=[
            {"MetricName": "Spoiled", "Dimensions": [{"Name": "goods", "Value": goods}], "Value": value}
            for value in values
        ],
    )


def test_an_alarm_goes_off_and_tells_its_topic(account: Account) -> None:
    topic, queue = listened_topic(account, LETS_ALARMS_IN)
    name = alarm(account, topic, AlarmDescription="Throw it away.")
    account.eventually(lambda: state(account, name) == "OK")

    put(account, name, 1, 1)

    (message,) = account.eventually(lambda: account.receive(queue))
    told = json.loads(message["Body"])
    assert (told["AlarmName"], told["NewStateValue"], told["AlarmDescription"]) == (name, "ALARM", "Throw it away.")
    assert state(account, name) == "ALARM"


def test_an_alarm_is_over_when_its_cause_is(account: Account) -> None:
    name = alarm(account, Period=10)
    put(account, name, 5)
    account.eventually(lambda: state(account, name) == "ALARM")

    account.eventually(lambda: state(account, name) == "OK", within=15)


def test_an_alarm_looks_at_its_own_dimensions_only(account: Account) -> None:
    bread, milk = alarm(account), alarm(account)

    put(account, milk, 1, 1)

    account.eventually(lambda: state(account, milk) == "ALARM")
    assert state(account, bread) == "OK"


def test_every_period_must_be_too_much(account: Account) -> None:
    patient, hasty = alarm(account, EvaluationPeriods=2), alarm(account)

    put(account, patient, 5)
    put(account, hasty, 5)

    account.eventually(lambda: state(account, hasty) == "ALARM")
    assert state(account, patient) == "OK"


def test_without_data_an_alarm_is_as_it_was_told_to_be(account: Account) -> None:
    states = {"missing": "INSUFFICIENT_DATA", "notBreaching": "OK", "breaching": "ALARM"}

    alarms = {treat: alarm(account, TreatMissingData=treat) for treat in states}

    account.eventually(lambda: {treat: state(account, name) for treat, name in alarms.items()} == states)


def test_a_topic_that_does_not_let_cloudwatch_in_hears_nothing(account: Account) -> None:
    (closed, unheard), (opened, heard) = listened_topic(account, LETS_RULES_IN), listened_topic(account, LETS_ALARMS_IN)
    name = alarm(account, closed, opened)

    put(account, name, 5)

    account.eventually(lambda: account.receive(heard))
    assert account.receive(unheard) == []
