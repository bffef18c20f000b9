"""What the doctor examines: each verdict by itself."""

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deployed.doctor import account, asking, machine, plan
from deployed.doctor.check import State
from deployed.errors import Usage
from deployed.meter.prices import list_prices
from tools.deployment import LONGEST_STACK_NAME
from tools.expand import ROOT

CONFIG = ROOT / "samconfig.toml"


def chosen(parameters: str = "", environment: str = "default", stack: str | None = None) -> plan.Plan:
    return plan.plan(CONFIG, environment, parameters, stack)


def dollars(parameters: str = "") -> dict[str, float]:
    return plan.monthly(chosen(parameters).resources, list_prices().usd)


# --- what would be deployed -------------------------------------------------------------------------------------------


def test_the_plan_is_what_sam_deploy_would_do() -> None:
    found = chosen("Kafka=existing KafkaBrokers=b.example.com:9092", "staging")
    assert found.stack == "cartwheel-staging"
    assert found.parameters["Environment"] == "staging"
    assert any(it.path == "KafkaService/BridgeQueue" for it in found.resources)
    assert found.stacks == 1 + found.number("AWS::CloudFormation::Stack")


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("cartwheel", State.OK),
        ("c" * LONGEST_STACK_NAME, State.OK),
        ("c" * (LONGEST_STACK_NAME + 1), State.PROBLEM),
        ("my_shop", State.PROBLEM),
        ("1shop", State.PROBLEM),
        ("", State.PROBLEM),
    ],
)
def test_the_stacks_name_must_leave_room_for_all_others(name: str, state: State) -> None:
    assert plan.stack_name(plan.Plan(name, {})).state is state


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("", None),
        ("CheckoutType=EXPRESS ClickstreamMode=OFF Kafka=none", None),
        ("CheckoutType=express", "CheckoutType cannot be 'express'"),
        ("ClickstreamMode=FAST", "ClickstreamMode cannot be 'FAST'"),
        ("Kafka=yes", "Kafka cannot be 'yes'"),
        ("KafkaPollers=many", "KafkaPollers cannot be 'many'"),
        ("KafkaPolers=1", "KafkaPolers: no such parameter"),
    ],
)
def test_a_parameter_that_would_be_refused_is_named(parameters: str, said: str | None) -> None:
    check = plan.parameters(chosen(parameters))
    assert (check.state is State.PROBLEM) == (said is not None)
    assert said is None or check.finding == said
    assert chosen(parameters).resources  # the rest is looked at all the same


def test_kafka_that_exists_needs_its_brokers() -> None:
    assert plan.parameters(chosen("Kafka=existing")).state is State.PROBLEM


@pytest.mark.parametrize("parameters", ["Kafka", "=1", "Kafka='none"])
def test_what_is_no_parameter_is_a_wrong_call(parameters: str) -> None:
    with pytest.raises(Usage):
        chosen(parameters)


def test_the_price_follows_the_parameters() -> None:
    usual = dollars()
    assert usual["click stream"] == list_prices().usd["kinesis_shard_month"]
    assert "Kafka cluster" not in usual
    assert "click stream" not in dollars("ClickstreamMode=OFF")
    assert dollars("ClickstreamMode=ON_DEMAND")["click stream"] > usual["click stream"]
    assert dollars("Kafka=msk-serverless")["Kafka cluster"] > 500
    assert dollars("Kafka=existing KafkaBrokers=b:1 KafkaPollers=2")["Kafka pollers"] > 200
    assert dollars("WebhookUrl=https://example.com")["secrets"] == 0.4
    assert plan.price(usual).state is State.OK
    assert plan.price(dollars("Kafka=msk-serverless")).state is State.WARNING


# --- what the account has room for ------------------------------------------------------------------------------------


def settings(limit: int) -> dict[str, Any]:
    return {"AccountLimit": {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": limit}}


def test_a_new_accounts_ten_runs_at_once_are_few() -> None:
    assert account.concurrency(settings(10), chosen()).state is State.WARNING
    assert account.concurrency(settings(1000), chosen()).state is State.OK


REFUSED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetAccount")


@pytest.mark.parametrize(
    ("sender", "verified", "production", "state"),
    [
        ("", False, False, State.OK),
        ("shop@example.com", False, True, State.PROBLEM),
        ("shop@example.com", True, False, State.WARNING),
        ("shop@example.com", True, True, State.OK),
        ("shop@example.com", REFUSED, True, State.WARNING),
    ],
)
def test_a_sender_must_be_verified(sender: str, verified: Any, production: bool, state: State) -> None:
    answers = {"sender": verified, "ses": {"ProductionAccessEnabled": production}}
    assert account.mail(sender, answers).state is state


def test_a_quota_that_would_be_passed_is_a_problem() -> None:
    networks = next(quota for quota in account.QUOTAS if quota.name == "networks")
    full = {"used networks": 5, "limit networks": 5}
    assert account.room(networks, 1, full, fresh=True).state is State.PROBLEM
    assert account.room(networks, 1, full, fresh=False).state is State.OK
    assert account.room(networks, 1, full | {"limit networks": 6}, fresh=True).state is State.OK
    # Where Service Quotas does not say, AWS's default holds.
    assert account.room(networks, 1, full | {"limit networks": REFUSED}, fresh=True).state is State.PROBLEM
    assert account.room(networks, 1, full | {"used networks": REFUSED}, fresh=True).state is State.WARNING


def test_every_quota_counts_something_of_the_whole_application() -> None:
    whole = chosen("Kafka=msk-serverless Alarms=ON")
    assert all(quota.needed(whole) > 0 for quota in account.QUOTAS)


def test_the_seconds_are_for_all_questions_together() -> None:
    patience = asking.TimeBudget(0.2)
    answers = patience.ask({"first": lambda: 1, "slow": lambda: time.sleep(2)})
    assert answers["first"] == 1
    assert isinstance(answers["slow"], asking.NoAnswer)
    assert patience.left < 0.01
    assert isinstance(patience.ask({"late": lambda: time.sleep(1)})["late"], asking.NoAnswer)


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken"])
def test_wrong_credentials_are_called_wrong(code: str) -> None:
    said, todo = asking.why(ClientError({"Error": {"Code": code, "Message": "?"}}, "GetCallerIdentity"))
    assert said == "the credentials are wrong or have expired"
    assert "--profile" in todo


def test_a_program_is_looked_for_and_asked() -> None:
    found = {check.name: check for check in machine.machine(ROOT / ".venv")}
    assert found.keys() == {"SAM CLI", "Python 3.13", "pip", "make"}
    assert found["make"].state is State.OK
    assert "Make" in found["make"].finding


def test_a_program_that_is_missing_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert {check.state for check in machine.machine(tmp_path)} == {State.PROBLEM}
