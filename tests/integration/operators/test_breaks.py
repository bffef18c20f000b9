"""What may be broken on purpose: AWS's own switches, there and back."""

import json
from typing import Any

import boto3
import pytest
from samtranslator.yaml_helper import yaml_parse

from shopkit.aws import client
from tests.integration.operators.conftest import EMAIL_QUEUE, ROLE, WAITS, Desk, url
from tools.expand import ROOT

SWITCHES, ONCE = {"email-consumer", "timeline-consumer"}, {"poison-message", "kill-checkout"}


def visibility() -> int:
    answer = boto3.client("sqs").get_queue_attributes(QueueUrl=url(EMAIL_QUEUE), AttributeNames=["VisibilityTimeout"])
    return int(answer["Attributes"]["VisibilityTimeout"])


def test_all_are_listed_and_none_is_broken(shop: Desk) -> None:
    listed = shop.breaks().body["breaks"]
    assert {each["name"] for each in listed if each["switch"]} == SWITCHES
    assert {each["name"] for each in listed if not each["switch"]} == ONCE
    assert shop.broken() == set()


@pytest.mark.parametrize("name", sorted(SWITCHES))
def test_a_switch_is_off_until_it_is_healed(shop: Desk, name: str) -> None:
    for _ in range(2):  # again is the same
        answer = shop.starts(name)
        assert (answer.status, answer.body["broken"]) == (200, True)
    assert shop.broken() == {name}
    for _ in range(2):
        answer = shop.heals(name)
        assert (answer.status, answer.body["broken"]) == (200, False)
    assert shop.broken() == set()


def test_e_mails_that_are_off_become_dead_letters_in_about_a_minute(shop: Desk) -> None:
    template = yaml_parse((ROOT / "services" / "notify" / "template.yaml").read_text())
    attempts = template["Parameters"]["EmailAttempts"]["Default"]
    as_deployed = template["Resources"]["EmailQueue"]["Properties"]["VisibilityTimeout"]
    shop.starts("email-consumer")
    assert attempts * visibility() <= 60
    shop.heals("email-consumer")
    assert visibility() == as_deployed


def test_poison_is_a_message_that_is_no_event(shop: Desk) -> None:
    assert shop.starts("poison-message").body["broken"] is False
    shop.starts("poison-message")
    poison = shop.taken_from(EMAIL_QUEUE)
    assert len(poison) == 2
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(poison[0]["Body"])
    assert {message["Attributes"]["MessageGroupId"] for message in poison} == {"poison"}  # no order waits behind it


def test_of_several_checkouts_the_newest_is_killed(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    states = boto3.client("stepfunctions")
    machine = states.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    running = [states.start_execution(stateMachineArn=machine)["executionArn"] for _ in range(2)]
    asked: list[dict[str, Any]] = []
    real = client("stepfunctions")

    def list_executions(**given: Any) -> Any:
        asked.append(given)
        return states.list_executions(**given)

    monkeypatch.setattr(real, "list_executions", list_executions)
    assert shop.starts("kill-checkout").status == 200
    assert asked == [{"stateMachineArn": machine, "statusFilter": "RUNNING", "maxResults": 1}]
    ended = [states.describe_execution(executionArn=each)["status"] for each in running]
    assert sorted(ended) == ["ABORTED", "RUNNING"]


def test_where_no_checkout_runs_none_is_killed(shop: Desk) -> None:
    assert shop.starts("kill-checkout").problem == "no-checkout-runs"


def test_express_checkouts_cannot_be_killed(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    express = boto3.client("stepfunctions").create_state_machine(
        name="Express", definition=json.dumps(WAITS), roleArn=ROLE, type="EXPRESS"
    )["stateMachineArn"]
    monkeypatch.setenv("CHECKOUT_ARN", express)
    answer = shop.starts("kill-checkout")
    assert (answer.status, answer.problem) == (409, "checkouts-are-express")


@pytest.mark.parametrize("name", sorted(ONCE))
def test_what_happens_once_is_not_healed(shop: Desk, name: str) -> None:
    assert shop.heals(name).problem == "nothing-to-heal"


def test_another_name_is_no_break(shop: Desk) -> None:
    assert shop.starts("everything").problem == "not-found"
    assert shop.heals("everything").problem == "not-found"


def test_in_staging_and_production_there_is_nothing_to_break(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BREAKS", "")
    for answer in (desk.breaks(), desk.starts("email-consumer"), desk.heals("email-consumer")):
        assert (answer.status, answer.problem) == (404, "breaks-off")
