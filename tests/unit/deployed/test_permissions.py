"""Permissions are read from IAM by logical names, and each is called, needed by AWS, or unused."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from deployed.calls import Call, Check
from deployed.errors import CommandError
from deployed.permissions.grants import Grant, Paths, grants_of, in_documents
from deployed.permissions.reasons import CALL, Integration, Reasons, Role, Wildcard, is_wide, reasons
from deployed.permissions.standing import Use, judged, uses
from deployed.resources import Resource
from tests.support.aws_stack import AwsStack

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/shop-Orders-1"
RESOURCES = [
    Resource("Order/Orders", "AWS::DynamoDB::Table", "shop-Orders-1"),
    Resource("Order/GetRole", "AWS::IAM::Role", "shop-GetRole-1"),
    Resource("Bus", "AWS::Events::EventBus", "shop"),
    Resource("Notify/OperatorsTopic", "AWS::SNS::Topic", "arn:aws:sns:us-east-1:123456789012:shop"),
    Resource(
        "Notify/EmailQueue", "AWS::SQS::Queue", "https://sqs.us-east-1.amazonaws.com/123456789012/shop-Email.fifo"
    ),
    Resource("Api/UserPool", "AWS::Cognito::UserPool", "us-east-1_pool"),
    Resource("FailureBucket", "AWS::S3::Bucket", "shop-failures"),
    Resource("KafkaService", "AWS::CloudFormation::Stack", "arn:aws:cloudformation:us-east-1:1:stack/shop-Kafka/9-9"),
    Resource("KafkaService/Cluster", "AWS::MSK::ServerlessCluster", "arn:aws:kafka:us-east-1:1:cluster/shop/7-7"),
    Resource("Clicks/Logs", "AWS::Logs::LogGroup", "shop-Logs-1"),
    Resource("Clicks/Errors", "AWS::Logs::LogStream", "shop-Errors-1"),
    Resource("Notify/Secret", "AWS::SecretsManager::Secret", "shop-Secret-0BD28B419A814"),
    Resource("Flow", "AWS::StepFunctions::StateMachine", "arn:aws:states:us-east-1:1:stateMachine:flow-1"),
]


@pytest.mark.parametrize(
    ("arn", "path"),
    [
        ("*", "*"),
        (TABLE, "Order/Orders"),
        (f"{TABLE}/index/by_need", "Order/Orders/index/by_need"),
        (f"{TABLE}/stream/2026-08-01T00:00:00.000", "Order/Orders/stream"),
        ("arn:aws:events:us-east-1:1:event-bus/shop", "Bus"),
        ("arn:aws:sns:us-east-1:1:shop", "Notify/OperatorsTopic"),
        ("arn:aws:sqs:us-east-1:1:shop-Email.fifo", "Notify/EmailQueue"),
        ("arn:aws:cognito-idp:us-east-1:1:userpool/us-east-1_pool", "Api/UserPool"),
        ("arn:aws:s3:::shop-failures/*", "FailureBucket/*"),
        ("arn:aws:kafka:us-east-1:1:topic/shop/7-7/shop.orders", "KafkaService/Cluster/shop.orders"),
        ("arn:aws:kafka:us-east-1:1:group/shop/7-7/shop-Kafka", "KafkaService/Cluster/KafkaService"),
        ("arn:aws:logs:us-east-1:1:log-group:shop-Logs-1:log-stream:shop-Errors-1", "Clicks/Errors"),
        ("arn:aws:states:us-east-1:1:execution:flow-1:*", "Flow:*"),
        ("arn:aws:ses:us-east-1:1:identity/*", "ses:identity/*"),
        ("arn:aws:secretsmanager:us-east-1:1:secret:shop-Secret-0BD28B419A814-a1B2c3", "Notify/Secret"),
        ("arn:aws:secretsmanager:us-east-1:1:secret:theirs", "KafkaSecretArn"),
        ("arn:aws:dynamodb:us-east-1:1:table/another", "dynamodb:table/another"),
    ],
)
def test_a_resource_has_its_logical_path(arn: str, path: str) -> None:
    assert Paths(RESOURCES).of(arn) == path


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[AwsStack]:
    with mock_aws():
        yield AwsStack(tmp_path)


def test_roles_are_read_with_their_own_and_their_managed_policies(aws: AwsStack) -> None:
    iam = boto3.client("iam")
    iam.create_role(RoleName="shop-GetRole-1", AssumeRolePolicyDocument="{}")
    managed = iam.create_policy(PolicyName="Traces", PolicyDocument=_policy("xray:Put", "*"))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="shop-GetRole-1", PolicyArn=managed)
    iam.put_role_policy(
        RoleName="shop-GetRole-1",
        PolicyName="own",
        PolicyDocument=_policy(["dynamodb:GetItem", "dynamodb:Query"], TABLE),
    )
    for found in RESOURCES:
        aws.add(found.path, found.type, found.id)

    assert grants_of(aws.stack) == (
        Grant("Order/GetRole", "dynamodb:GetItem", "Order/Orders"),
        Grant("Order/GetRole", "dynamodb:Query", "Order/Orders"),
        Grant("Order/GetRole", "policy:Traces", "*"),
    )


def _policy(action: str | list[str], resource: str) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_condition_is_part_of_the_permission() -> None:
    statement = {
        "Effect": "Allow",
        "Action": "ses:SendEmail",
        "Resource": "*",
        "Condition": {"StringEquals": {"ses:FromAddress": "shop@example.com"}},
    }
    (grant,) = in_documents("Mail", [{"Statement": [statement]}], str)
    assert str(grant) == "Mail: ses:SendEmail on * if StringEquals ses:FromAddress"


def test_a_statement_that_is_no_list_is_refused_and_one_that_denies_allows_nothing() -> None:
    with pytest.raises(CommandError, match="does not list what is allowed"):
        list(in_documents("Role", [{"Statement": {"Effect": "Allow", "NotAction": "*", "Resource": "*"}}], str))
    denies = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    assert list(in_documents("Role", [{"Statement": [denies]}], str)) == []


ROLE = "Order/GetRole"
GIVEN = Reasons(
    integrations={
        "function": Integration(source="a page", allow={"*": ("policy:Logs",)}),
        "reader": Integration(source="another page", allow={"": ("sqs:ReceiveMessage",), "/*": ("s3:PutObject",)}),
    },
    wildcards=(Wildcard(action="policy:Logs", resource="*", reason="attached by SAM"),),
    roles={ROLE: Role(calls={"Order/Orders": ("dynamodb:GetItem",)}, needs={"reader": ("Queue",)})},
)


def call(*checks: Check, by: str = "shop-GetRole-1") -> Call:
    return Call("call", 0.0, 0.0, by, "dynamodb", "GetItem", checks=checks)


def test_each_permission_is_called_needed_or_unused() -> None:
    held = [
        Grant(ROLE, "dynamodb:GetItem", "Order/Orders"),
        Grant(ROLE, "policy:Logs", "*"),
        Grant(ROLE, "sqs:ReceiveMessage", "Queue"),
        Grant(ROLE, "s3:PutObject", "Queue/*"),
        Grant(ROLE, "dynamodb:Put*", "Order/Orders"),
    ]
    seen = uses(
        [call(Check("dynamodb:GetItem", TABLE, True)), call(Check("dynamodb:PutItem", TABLE, True))] * 2
        + [call(Check("dynamodb:GetItem", TABLE, True), by="somebody")],
        RESOURCES,
    )

    report = judged(held, seen, GIVEN)

    assert [(one.why, one.used) for one in report.standings] == [
        (CALL, 2),
        ("function", 0),
        ("reader", 0),
        ("reader", 0),
        (None, 2),
    ]
    assert [one.grant.action for one in report.unused] == ["dynamodb:Put*"]
    assert not report.ok


def test_a_call_that_would_still_be_denied_is_told() -> None:
    held = [Grant(ROLE, "dynamodb:GetItem", "Order/Orders")]
    seen = uses([call(Check("dynamodb:GetItem", TABLE, False), Check("dynamodb:Scan", TABLE, False))], RESOURCES)

    report = judged(held, seen, GIVEN)

    assert report.denied == ((Use(ROLE, "dynamodb:Scan", "Order/Orders", False), 1),)
    assert not report.ok
    assert judged(held, uses([], RESOURCES), GIVEN).ok


def test_the_project_s_reasons_are_sentences_with_a_source() -> None:
    given = reasons()
    assert all(found.source for found in given.integrations.values())
    assert all(found.reason.endswith((".", ")")) for found in given.wildcards)
    assert all(is_wide(Grant("", found.action, found.resource)) for found in given.wildcards)
