"""How the bridge proves who it is, by the parameters of its template."""

import base64
import json
import time
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from confluent_kafka import Producer
from moto import mock_aws

from kafkabridge import access, bootstrap
from shopkit import custom_resource


@pytest.fixture(autouse=True)
def brokers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKERS", "b-1.example.com:9096,b-2.example.com:9096")


def test_plain_text_is_the_addresses_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTHENTICATION", "plaintext")
    assert access.settings() == {"bootstrap.servers": "b-1.example.com:9096,b-2.example.com:9096"}


@mock_aws
def test_scram_reads_the_secret_that_the_event_source_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = json.dumps({"username": "shop", "password": "s3cret"})
    arn = boto3.client("secretsmanager").create_secret(Name="kafka", SecretString=kept)["ARN"]
    monkeypatch.setenv("AUTHENTICATION", "SCRAM-SHA-512")
    monkeypatch.setenv("SECRET_ARN", arn)
    settings = access.settings()
    assert settings["security.protocol"] == "SASL_SSL"
    assert settings["sasl.mechanisms"] == "SCRAM-SHA-512"
    assert (settings["sasl.username"], settings["sasl.password"]) == ("shop", "s3cret")


def test_iam_signs_a_token_with_the_functions_own_credentials() -> None:
    token, expires = access.iam_token("eu-central-1")
    signed = parse_qs(urlsplit(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()).query)
    assert signed["Action"] == ["kafka-cluster:Connect"]
    assert signed["X-Amz-Credential"][0].split("/")[0] == "test"
    assert signed["X-Amz-Credential"][0].split("/")[2:4] == ["eu-central-1", "kafka-cluster"]
    assert time.time() + 60 < expires < time.time() + 3600


def test_the_client_asks_for_the_token_before_it_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    """librdkafka asks from within poll; nothing else would make it connect."""
    monkeypatch.setenv("AUTHENTICATION", "iam")
    monkeypatch.setenv("BROKERS", "127.0.0.1:9")
    asked: list[str] = []

    def token(region: str) -> tuple[str, float]:
        asked.append(region)
        return "token", time.time() + 900

    monkeypatch.setattr(access, "iam_token", token)
    producer = Producer({**access.settings(), "enable.idempotence": True, "log_level": 0})
    producer.poll(0)
    assert asked == ["us-east-1"]


def test_cloudformation_always_gets_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one a stack waits for an hour."""
    answers: list[dict[str, object]] = []

    class Answer:
        def __init__(self, request: object, timeout: float) -> None:
            answers.append(json.loads(request.data))  # type: ignore[attr-defined]

        def __enter__(self) -> None: ...
        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(custom_resource, "urlopen", Answer)
    monkeypatch.setattr(bootstrap, "brokers", {"arn": "boot:9098"}.__getitem__)
    for request, arn in (("Create", "arn"), ("Update", "gone"), ("Delete", "gone")):
        bootstrap.handler(
            {
                "RequestType": request,
                "ResponseURL": "https://example.com/answer",
                "StackId": "stack",
                "RequestId": request,
                "LogicalResourceId": "ClusterBrokers",
                "ResourceProperties": {"ClusterArn": arn},
                **({} if request == "Create" else {"PhysicalResourceId": "earlier"}),
            },
            None,
        )
    assert [(each["RequestId"], each["Status"]) for each in answers] == [
        ("Create", "SUCCESS"),
        ("Update", "FAILED"),
        ("Delete", "SUCCESS"),
    ]
    assert answers[0]["Data"] == {"Brokers": "boot:9098"}
    assert [each["PhysicalResourceId"] for each in answers] == ["ClusterBrokers-stack", "earlier", "earlier"]
