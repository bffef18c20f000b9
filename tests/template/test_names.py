"""Every physical name of a deployment, for the longest stack name that the README allows, against its service's limit.

A name that is too long fails minutes into a deployment, and only for those whose stack has a long name.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tools.deployment import LONGEST_STACK_NAME, Deployed, Deployment, application, generated_name
from tools.expand import ROOT, expand_text

LONGEST = "cartwheel-" + "x" * (LONGEST_STACK_NAME - len("cartwheel-"))
KAFKA: tuple[dict[str, str], ...] = (
    {},
    {"Kafka": "existing", "KafkaBrokers": "broker.example.com:9092"},
    {"Kafka": "msk-serverless"},
)
_WORD = r"[\w-]+"
_ENVIRONMENT_BYTES = 4096  # of one function (Lambda quotas)


@dataclass(frozen=True)
class Limit:
    """`characters` at most, in this form. `cut`: CloudFormation shortens the names that it makes up to what the service
    takes, and keeps their random end; where it does not, a made-up name must fit as it is."""

    characters: int
    form: str = _WORD
    cut: bool = True


# From each service's API reference, Create… or Put…; `cut` from the CloudFormation User Guide, "Name type".
LIMITS = {
    "AWS::ApiGateway::RestApi": Limit(1024, r".+"),
    "AWS::ApiGateway::Stage": Limit(128, r"\w+"),
    "AWS::CloudFront::OriginAccessControl": Limit(64, r".+", cut=False),
    "AWS::CloudFront::ResponseHeadersPolicy": Limit(128, cut=False),
    "AWS::CloudFormation::Stack": Limit(128, r"[a-zA-Z][a-zA-Z0-9-]*", cut=False),
    "AWS::CloudWatch::Alarm": Limit(255, r".+"),
    "AWS::CloudWatch::Dashboard": Limit(255),
    "AWS::Cognito::UserPool": Limit(128, r"[\w\s+=,.@-]+"),
    "AWS::Cognito::UserPoolClient": Limit(128, r"[\w\s+=,.@-]+"),
    "AWS::DynamoDB::Table": Limit(255, r"[\w.-]{3,}"),
    "AWS::EventSchemas::Registry": Limit(64, r"[\w.-]+"),
    "AWS::EventSchemas::Schema": Limit(385, r"[\w.@-]+"),
    "AWS::Events::Archive": Limit(48, r"[\w.-]+"),
    "AWS::Events::EventBus": Limit(256, r"[\w./-]+"),
    "AWS::Events::Rule": Limit(64, r"[\w.-]+"),
    "AWS::IAM::Policy": Limit(128, r"[\w+=,.@-]+"),
    "AWS::IAM::Role": Limit(64, r"[\w+=,.@-]+"),
    "AWS::Kinesis::Stream": Limit(128, r"[\w.-]+"),
    "AWS::KinesisFirehose::DeliveryStream": Limit(64, r"[\w.-]+"),
    "AWS::Lambda::Alias": Limit(128),
    "AWS::Lambda::Function": Limit(64),
    "AWS::Lambda::LayerVersion": Limit(140),
    "AWS::Logs::LogGroup": Limit(512, r"[\w./#-]+"),
    "AWS::Logs::LogStream": Limit(512, r"[^:*]+"),
    "AWS::MSK::ServerlessCluster": Limit(64),
    "AWS::S3::Bucket": Limit(63, r"[a-z0-9][a-z0-9.-]{1,}[a-z0-9]"),
    "AWS::SNS::Topic": Limit(256),
    "AWS::SQS::Queue": Limit(80),
    "AWS::SecretsManager::Secret": Limit(512, r"[\w/+=.@-]+"),
    "AWS::StepFunctions::StateMachine": Limit(80),
}
# CloudFormation cuts a queue's made-up name before it appends `.fifo`, which then no longer fits.
FIFO = {
    "AWS::SQS::Queue": Limit(80, r"[\w-]+\.fifo", cut=False),
    "AWS::SNS::Topic": Limit(256, r"[\w-]+\.fifo", cut=False),
}
# Known by an id of the service's, by what they belong to, or by nothing.
NAMELESS = {
    "AWS::ApiGateway::Deployment",
    "AWS::CloudFront::Distribution",
    "AWS::Cognito::UserPoolGroup",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCEndpoint",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "Custom::Brokers",
    "Custom::Files",
}


def name_problems(resource: Deployed) -> Iterator[str]:
    """What the service, or CloudFormation, would refuse of this resource's name."""
    fifo = bool(resource.properties.get("FifoQueue") or resource.properties.get("FifoTopic"))
    limit = (FIFO if fifo else LIMITS)[resource.type]
    written = resource.written_name
    if written is None and limit.cut:
        return
    name = written or generated_name(resource.stack, resource.logical_id) + (".fifo" if fifo else "")
    if len(name) > limit.characters:
        yield f"{resource.path}: {name} has {len(name)} characters, {resource.type} takes {limit.characters}"
    if not re.fullmatch(limit.form, name):
        yield f"{resource.path}: {name} is not of the form {limit.form}"


def environment_problems(resource: Deployed) -> Iterator[str]:
    """Lambda refuses variables of more than 4 KB together; names of resources are most of them."""
    size = len(json.dumps(resource.properties.get("Environment", {}).get("Variables", {})).encode())
    if resource.type == "AWS::Lambda::Function" and size > _ENVIRONMENT_BYTES:
        yield f"{resource.path}: {size} bytes of environment, Lambda takes {_ENVIRONMENT_BYTES}"


def clashes(deployment: Deployment) -> Iterator[str]:
    """Two resources of one type that are given the same name."""
    seen: dict[tuple[str, str], str] = {}
    for resource in deployment.resources:
        # What lives inside another resource may be called what its siblings elsewhere are.
        if resource.written_name and resource.type in LIMITS and resource.type != "AWS::IAM::Policy":
            first = seen.setdefault((resource.type, resource.written_name), resource.path)
            if first != resource.path:
                yield f"{first} and {resource.path} are both called {resource.written_name}"


def all_problems(deployment: Deployment) -> list[str]:
    found = [
        problem
        for resource in deployment.resources
        if resource.type not in NAMELESS
        for problem in (*name_problems(resource), *environment_problems(resource))
    ]
    return found + list(clashes(deployment))


@pytest.mark.parametrize("parameters", KAFKA, ids=lambda given: given.get("Kafka", "none"))
def test_every_name_fits_the_longest_stack(parameters: dict[str, str]) -> None:
    assert all_problems(application(LONGEST, **parameters)) == []


@pytest.mark.parametrize("parameters", KAFKA, ids=lambda given: given.get("Kafka", "none"))
def test_every_type_has_a_limit_or_no_name(parameters: dict[str, str]) -> None:
    assert not LIMITS.keys() & NAMELESS
    assert {found.type for found in application(LONGEST, **parameters).resources} <= LIMITS.keys() | NAMELESS


def test_the_configured_stacks_are_short_enough() -> None:
    configured = tomllib.loads((ROOT / "samconfig.toml").read_text())
    names = [it["global"]["parameters"]["stack_name"] for it in configured.values() if isinstance(it, dict)]
    assert "cartwheel-staging" in names
    assert max(map(len, names)) <= LONGEST_STACK_NAME
    assert f"{LONGEST_STACK_NAME} characters" in (ROOT / "README.md").read_text()


def deployed(resources: dict[str, Any], stack: str = LONGEST) -> Deployment:
    """A deployment of planted resources."""
    text = json.dumps({"Transform": "AWS::Serverless-2016-10-31", "Resources": resources})
    return Deployment({Path("planted.yaml"): expand_text(text)}, stack, {})


PLANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "a made-up FIFO name": ("AWS::SQS::Queue", {"FifoQueue": True}),
    "a FIFO name without its end": ("AWS::SQS::Queue", {"FifoQueue": True, "QueueName": "orders"}),
    "a rule of the stack's name": ("AWS::Events::Rule", {"Name": {"Fn::Sub": "${AWS::StackName}-" + "r" * 40}}),
    "a bucket in capitals": ("AWS::S3::Bucket", {"BucketName": {"Fn::Sub": "${AWS::StackName}-Raw"}}),
    "a dashboard with a blank": ("AWS::CloudWatch::Dashboard", {"DashboardName": "a b", "DashboardBody": "{}"}),
    "a big environment": (
        "AWS::Lambda::Function",
        {"Role": "r", "Code": {"ZipFile": ""}, "Environment": {"Variables": {"X": "x" * 4096}}},
    ),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_name_that_does_not_fit_is_noticed(plant: str) -> None:
    type_, properties = PLANTS[plant]
    logical_id = "DeadLettersOfTheWebhooksOfTheShop"
    assert all_problems(deployed({logical_id: {"Type": type_, "Properties": properties}}))


def test_a_name_that_is_given_twice_is_noticed() -> None:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "AWS::StackName"}}}
    assert all_problems(deployed({"One": topic})) == []
    assert all_problems(deployed({"One": topic, "Two": topic}))


def test_a_nested_name_counts_the_names_above_it() -> None:
    """Kafka's bridge is one stack deeper than the root: `<root>-KafkaService-<13>-…`."""
    bridge = next(it for it in application(LONGEST, **KAFKA[1]).resources if it.path == "KafkaService/BridgeQueue")
    assert len(bridge.stack) == LONGEST_STACK_NAME + len("-KafkaService-") + 13
