"""`make destroy` on moto: it empties what CloudFormation would not delete, and touches nothing unless told to."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import WaiterError
from moto import mock_aws

from deployed.resources import Resource, Resources
from tools import destroy


@pytest.fixture(autouse=True)
def stack() -> Iterator[None]:
    """A deployed stack with a bucket that holds one object in two versions."""
    with mock_aws():
        create("cartwheel", {"Bucket": {"Type": "AWS::S3::Bucket"}})
        s3 = boto3.client("s3")
        s3.put_bucket_versioning(Bucket=bucket(), VersioningConfiguration={"Status": "Enabled"})
        for body in (b"old", b"new"):
            s3.put_object(Bucket=bucket(), Key="clicks", Body=body)
        yield


def create(name: str, resources: dict[str, Any]) -> None:
    boto3.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))


def bucket() -> str:
    return destroy.resources("cartwheel")["Bucket"]


def deployed(name: str) -> bool:
    summaries = boto3.client("cloudformation").list_stacks()["StackSummaries"]
    return any(stack["StackName"] == name and stack["StackStatus"] != "DELETE_COMPLETE" for stack in summaries)


def versions() -> int:
    return len(boto3.client("s3").list_object_versions(Bucket=bucket()).get("Versions", []))


def answers(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("builtins.input", lambda _prompt: answer)


def test_empties_buckets_and_deletes(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "cartwheel")
    assert destroy.main([]) == 0
    assert not deployed("cartwheel")


def test_what_reaches_a_bucket_meanwhile_is_emptied_too(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "cartwheel")
    delete = destroy.failed_deletion
    kept: list[WaiterError] = []

    def first_too_late(stack: str) -> WaiterError | None:
        if kept:
            return delete(stack)
        boto3.client("s3").put_object(Bucket=bucket(), Key="late", Body=b"click")
        kept.append(WaiterError("stack_delete_complete", "DELETE_FAILED", {}))
        return kept[0]

    monkeypatch.setattr(destroy, "failed_deletion", first_too_late)
    assert destroy.main([]) == 0
    assert not deployed("cartwheel")


def test_a_killed_watcher_does_not_keep_the_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "cartwheel-staging")
    events, sqs = boto3.client("events"), boto3.client("sqs")
    create("cartwheel-staging", {"Topic": {"Type": "AWS::SNS::Topic"}})
    events.create_event_bus(Name="cartwheel-staging")
    # moto's CloudFormation does not tell the name of a bus.
    held = Resources({"Bus": Resource("Bus", "AWS::Events::EventBus", "cartwheel-staging")})
    monkeypatch.setattr(destroy, "resources", lambda _stack: held)
    for name in ("cartwheel-staging-watch-1", "another"):
        events.put_rule(Name=name, EventBusName="cartwheel-staging", EventPattern='{"source": ["x"]}')
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_targets(Rule=name, EventBusName="cartwheel-staging", Targets=[{"Id": "watch", "Arn": arn}])

    assert destroy.main(["--config-env", "staging"]) == 0

    assert [rule["Name"] for rule in events.list_rules(EventBusName="cartwheel-staging")["Rules"]] == ["another"]
    assert [url.rpartition("/")[2] for url in sqs.list_queues()["QueueUrls"]] == ["another"]


def test_any_other_answer_deletes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "yes")
    with pytest.raises(SystemExit, match="Nothing was deleted"):
        destroy.main([])
    assert versions() == 2
    assert deployed("cartwheel")


@pytest.mark.parametrize("end", [EOFError, KeyboardInterrupt])
def test_without_an_answer_nothing_is_deleted(monkeypatch: pytest.MonkeyPatch, end: type[BaseException]) -> None:
    def no_one(_prompt: str) -> str:
        raise end

    monkeypatch.setattr("builtins.input", no_one)
    with pytest.raises(SystemExit, match="Nothing was deleted"):
        destroy.main([])
    assert versions() == 2


def test_a_protected_table_protects_the_rest() -> None:
    properties = {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "DeletionProtectionEnabled": True,
    }
    create("cartwheel-prod", {"Orders": {"Type": "AWS::DynamoDB::Table", "Properties": properties}})
    with pytest.raises(SystemExit, match="protected"):
        destroy.main(["--config-env", "prod"])
    assert deployed("cartwheel")


def test_protected_users_protect_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = boto3.client("cognito-idp").create_user_pool(PoolName="users", DeletionProtection="ACTIVE")["UserPool"]["Id"]
    held = Resources({"UserPool": Resource("UserPool", "AWS::Cognito::UserPool", pool)})
    monkeypatch.setattr(destroy, "resources", lambda _stack: held)
    with pytest.raises(SystemExit, match=pool):
        destroy.main([])
    assert deployed("cartwheel")


def test_no_stack_is_said_plainly() -> None:
    with pytest.raises(SystemExit, match="cannot look at stack cartwheel-staging"):
        destroy.main(["--config-env", "staging"])
    assert deployed("cartwheel")


def test_an_environment_that_nobody_described_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        destroy.main(["--config-env", "nowhere"])
    assert "invalid choice: 'nowhere'" in capsys.readouterr().err
