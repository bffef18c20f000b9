"""`make run PARAMETERS="…"` refuses what CloudFormation would refuse, before anything starts."""

import pytest

from emulator.deploy import parameters_in
from emulator.lifecycle import EmulatorError
from emulator.parameters import refusal


@pytest.mark.parametrize(
    "given",
    [
        "CheckoutType=EXPRESS",
        "ClickstreamMode=OFF CheckoutType=STANDARD",
        "WebhookUrl=http://localhost:8000/hook",
        "OperatorsPhone=+12065550100",
        "KafkaPollers=200",
        "KafkaSubnets=subnet-0a1b,subnet-2c3d",
        "SenderEmail=",
        'SenderEmail=""',
    ],
)
def test_takes(given: str) -> None:
    assert parameters_in(given)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("CheckoutType=FAST", "CheckoutType=FAST: must be STANDARD or EXPRESS$"),
        ("CheckoutType=express", "must be STANDARD or EXPRESS$"),
        ("CheckoutType=", "must be STANDARD or EXPRESS$"),
        ("Environment=production", "must be local, sandbox, staging or prod$"),
        ("ClickstreamMode=on_demand", "must be PROVISIONED, ON_DEMAND or OFF$"),
        ("Kafka=yes", "must be none, existing or msk-serverless$"),
        ("WebhookUrl=http://example.com", "must be an https URL"),
        ("SenderEmail=nobody", "must be a bare address"),
        ("'OperatorsEmail=You <you@example.com>'", "must be a bare address"),
        ("OperatorsPhone=206-555-0100", "E.164"),
        ("KafkaBrokers=localhost", "host:port"),
        ("KafkaPollers=201", "must be from 0 to 200$"),
        ("KafkaPollers=many", "must be a number$"),
        ("KafkaSubnets=subnet-0a1b", "two subnets"),
        ("KafkaSecurityGroup=default", "security group"),
        ("KafkaSecretArn=secret", "ARN"),
        ("Checkouttype=EXPRESS", "'Checkouttype' is not NAME=VALUE with one of these names: .*CheckoutType"),
    ],
)
def test_refuses_and_says_why(given: str, why: str) -> None:
    with pytest.raises(EmulatorError, match=f"^PARAMETERS: .*{why}"):
        parameters_in(given)


def test_a_declaration_without_a_description_is_told_by_its_rule() -> None:
    assert refusal({"Type": "String", "AllowedValues": ["a", "b"]}, "c") == "must be one of a, b"
    assert refusal({"Type": "Number", "MinValue": 1}, "0") == "must be from 1 to inf"
    assert refusal({"Type": "String"}, "anything") is None
