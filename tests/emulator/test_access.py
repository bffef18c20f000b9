"""Only who has the account's keys gets in: no web page that a developer looks at, no other user of the machine."""

import hashlib
import json
import socket
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import httpx2
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from emulator import lifecycle
from emulator.lifecycle import Running
from tests.emulator.account import ROLE, Account

LIST_TABLES = {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"}
FORM = "application/x-www-form-urlencoded"
OWN = """
import os
def handler(event, context): return {name: os.environ[name] for name in
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")}
"""
CORS = {"access-control-allow-origin", "access-control-allow-methods", "access-control-allow-headers"}


def signed(
    running: Running, method: str = "POST", path: str = "/", body: str = "{}", service: str = "dynamodb", **changes: str
) -> httpx2.Request:
    """A request that its SDK would send, with `changes` of its key before it is signed."""
    key = changes.get("key", running.access_key_id), changes.get("secret", running.secret_access_key)
    request = AWSRequest(method, running.endpoint + path, headers=dict(LIST_TABLES), data=body)
    SigV4Auth(Credentials(*key), service, lifecycle.REGION).add_auth(request)
    return httpx2.Request(method, running.endpoint + path, headers=dict(request.headers), content=body)


def send(request: httpx2.Request, **headers: str) -> httpx2.Response:
    request.headers.update(headers)
    with httpx2.Client(trust_env=False) as client:
        return client.send(request)


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_signed_request_is_answered_without_cors(running: Running) -> None:
    for headers in ({}, {"origin": running.endpoint}):
        answer = send(signed(running), **headers)
        assert answer.status_code == 200, answer.text
        assert not CORS & set(answer.headers)


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3000", "http://127.0.0.1", "null", ""])
def test_a_web_page_is_refused_even_with_the_key(running: Running, origin: str) -> None:
    answer = send(signed(running), origin=origin)
    assert answer.status_code == 403
    assert not CORS & set(answer.headers)


@pytest.mark.parametrize(
    "path", ["/", "/?Action=ListUsers", "/_ministack/reset", "/2015-03-31/functions", "/bucket/key"]
)
@pytest.mark.parametrize("kind", [FORM, "text/plain"])
def test_a_simple_cross_origin_post_does_nothing(running: Running, path: str, kind: str) -> None:
    with httpx2.Client(trust_env=False) as client:
        answer = client.post(
            running.endpoint + path,
            content="Action=CreateUser&UserName=evil",
            headers={"Content-Type": kind, "Origin": "https://evil.example"},
        )
    assert answer.status_code == 403
    assert not CORS & set(answer.headers)


def test_a_preflight_lets_nobody_in(running: Running) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    with httpx2.Client(trust_env=False) as client:
        answer = client.options(running.endpoint, headers=asked)
    assert answer.status_code == 403
    assert not CORS & set(answer.headers)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "localhost", "localhost:1", "127.0.0.1.evil.example:{port}", ":", ""],
)
def test_a_name_that_was_bound_to_this_machine_is_refused(running: Running, host: str) -> None:
    """DNS rebinding: the page's own name leads here, so that nothing is cross-origin for the browser."""
    name = host.format(port=running.port)
    assert send(signed(running), host=name).status_code == 403
    assert send(httpx2.Request("GET", f"{running.endpoint}/_ministack/health"), host=name).status_code == 403
    assert (
        send(httpx2.Request("GET", f"{running.endpoint}/restapis/a/v1/_user_request_/"), host=name).status_code == 403
    )


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "bucket.s3.localhost"])
def test_names_of_this_machine_are_served(running: Running, host: str) -> None:
    answer = send(httpx2.Request("GET", f"{running.endpoint}/_ministack/health"), host=f"{host}:{running.port}")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "test"},
        {"key": "test", "secret": "test"},
        {"key": "000000000000", "secret": "test"},
        {"key": "123456789012", "secret": "123456789012"},
        {"key": "AKIAUNKNOWN", "secret": "test"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/_ministack/reset"])
def test_a_wrong_secret_opens_nothing(running: Running, changes: dict[str, str], path: str) -> None:
    assert send(signed(running, path=path, **changes)).status_code in {400, 403}


@pytest.mark.parametrize("service", ["dynamodb", "s3", "sqs", "lambda", "iam", "cloudformation", "cognito-idp"])
def test_sdks_understand_the_refusal(running: Running, service: str) -> None:
    client = boto3.client(  # type: ignore[call-overload]
        service,
        region_name=lifecycle.REGION,
        endpoint_url=running.endpoint,
        aws_access_key_id=running.access_key_id,
        aws_secret_access_key="guessed",
    )
    call = {
        "dynamodb": "list_tables",
        "s3": "list_buckets",
        "sqs": "list_queues",
        "lambda": "list_functions",
        "iam": "list_users",
        "cloudformation": "list_stacks",
        "cognito-idp": "list_user_pools",
    }[service]
    with pytest.raises(ClientError) as refused:
        getattr(client, call)(**({"MaxResults": 1} if service == "cognito-idp" else {}))
    assert "Signature" in code(refused)


def test_a_body_other_than_the_signed_one_is_refused(running: Running) -> None:
    request = signed(running)
    for claimed in ({}, {"x-amz-content-sha256": hashlib.sha256(b"{}").hexdigest()}):
        headers = {**request.headers, **claimed, "content-length": "3"}
        assert send(httpx2.Request("POST", request.url, headers=headers, content="{ }")).status_code == 403


def test_an_old_signature_is_refused(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=20)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: long_ago.replace(tzinfo=None))
    assert send(signed(running)).status_code in {400, 403}


def test_a_second_credential_in_a_request_is_not_obeyed(running: Running, account: Account) -> None:
    _, role = account.invoke(account.function(OWN))
    request = AWSRequest("POST", f"{running.endpoint}/", headers=dict(LIST_TABLES), data="{}")
    mine = Credentials(role["AWS_ACCESS_KEY_ID"], role["AWS_SECRET_ACCESS_KEY"], role["AWS_SESSION_TOKEN"])
    SigV4Auth(mine, "dynamodb", lifecycle.REGION).add_auth(request)
    headers = dict(request.headers)
    scope = headers["Authorization"].split("/", 1)[1].split(",")[0]
    headers["Authorization"] = headers["Authorization"].replace(
        "Credential=", f"Credential={running.access_key_id}/{scope}, Credential=", 1
    )
    assert send(httpx2.Request("POST", str(request.url), headers=headers, content="{}")).status_code in {400, 403}


def test_a_function_has_its_role_s_credentials_and_nobody_can_guess_them(running: Running, account: Account) -> None:
    function = account.function(OWN, {"Action": "dynamodb:ListTables", "Resource": "*"})
    _, role = account.invoke(function)

    def tables(secret: str, token: str) -> int:
        request = AWSRequest("POST", f"{running.endpoint}/", headers=dict(LIST_TABLES), data="{}")
        SigV4Auth(Credentials(role["AWS_ACCESS_KEY_ID"], secret, token), "dynamodb", lifecycle.REGION).add_auth(request)
        return send(httpx2.Request("POST", str(request.url), headers=dict(request.headers), content="{}")).status_code

    arn = account.client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    digest = hashlib.sha256(f"{arn}:{ROLE}".encode()).hexdigest()
    assert tables(role["AWS_SECRET_ACCESS_KEY"], role["AWS_SESSION_TOKEN"]) == 200
    assert tables("guessed", role["AWS_SESSION_TOKEN"]) == 403
    assert tables(role["AWS_SECRET_ACCESS_KEY"], "guessed") == 403
    assert tables(hashlib.sha256(f"secret:{digest}".encode()).hexdigest(), role["AWS_SESSION_TOKEN"]) == 403
    assert running.secret_access_key not in role.values()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", "/_ministack/ses/messages"),
        ("GET", "/_ministack/sqs/messages"),
        ("GET", "/_localstack/init"),
        ("GET", "/"),
        ("GET", "/artifacts"),
        ("GET", "/2015-03-31/functions/"),
        ("GET", "/restapis"),
        ("GET", "/restapis/a/resources"),
        ("POST", "/"),
    ],
)
def test_without_a_signature_nothing_opens(running: Running, method: str, path: str) -> None:
    answer = send(httpx2.Request(method, running.endpoint + path))
    assert answer.status_code in {400, 403}
    hosted = {"host": f"abcdef12.execute-api.localhost:{running.port}"}
    assert send(httpx2.Request(method, running.endpoint + path), **hosted).status_code in {400, 403}


@pytest.mark.parametrize("operation", ["ListUserPools", "AdminCreateUser", "CreateUserPool"])
def test_cognito_signs_in_without_a_signature_and_does_nothing_else(running: Running, operation: str) -> None:
    def ask(operation: str) -> httpx2.Response:
        headers = {"X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}"}
        body = json.dumps(
            {"ClientId": "nobody", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {}, "MaxResults": 1}
        )
        return send(httpx2.Request("POST", f"{running.endpoint}/", headers=headers, content=body))

    assert ask(operation).status_code in {400, 403}
    assert "Authentication" in ask(operation).text
    assert "Authentication Token" not in ask("InitiateAuth").text


def test_a_function_does_not_administer_the_machine(running: Running, account: Account) -> None:
    _, role = account.invoke(account.function(OWN, {"Action": "*", "Resource": "*"}))
    request = AWSRequest("POST", f"{running.endpoint}/_ministack/reset", data="")
    mine = Credentials(role["AWS_ACCESS_KEY_ID"], role["AWS_SECRET_ACCESS_KEY"], role["AWS_SESSION_TOKEN"])
    SigV4Auth(mine, "s3", lifecycle.REGION).add_auth(request)
    assert send(httpx2.Request("POST", str(request.url), headers=dict(request.headers))).status_code == 403


def test_presigned_links_open_what_they_name_until_they_expire(account: Account) -> None:
    s3 = lifecycle.client(account.running, "s3", config=Config(signature_version="s3v4"))
    bucket = account.name("bucket")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a file", Body=b"hello")

    def link(seconds: int) -> str:
        return str(s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a file"}, ExpiresIn=seconds))

    answer = send(httpx2.Request("GET", link(60)))
    assert (answer.status_code, answer.text) == (200, "hello")
    assert send(httpx2.Request("GET", link(60).replace("a%20file", "other"))).status_code == 403
    short = link(1)
    account.eventually(lambda: send(httpx2.Request("GET", short)).status_code == 403)


def test_signatures_of_version_2_are_refused(running: Running) -> None:
    s3 = lifecycle.client(running, "s3", config=Config(signature_version="s3"))
    with pytest.raises(ClientError):
        s3.list_buckets()
    link = s3.generate_presigned_url("list_buckets", ExpiresIn=60)
    assert send(httpx2.Request("GET", link)).status_code in {400, 403}


def test_large_bodies_and_streams_arrive_whole(account: Account) -> None:
    s3, bucket = account.client("s3"), account.name("bucket")
    s3.create_bucket(Bucket=bucket)
    body = bytes(range(256)) * 40_000
    s3.put_object(Bucket=bucket, Key="large", Body=body)
    assert s3.get_object(Bucket=bucket, Key="large")["Body"].read() == body


def test_an_upgrade_to_a_socket_is_refused(running: Running) -> None:
    ask = (
        f"GET /_aws/execute-api/a/v1 HTTP/1.1\r\nHost: localhost:{running.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with socket.create_connection((lifecycle.HOST, running.port), timeout=10) as connection:
        connection.sendall(ask.encode())
        assert b" 403 " in connection.recv(100)


def test_each_start_has_a_key_of_its_own_that_only_this_user_can_read(running: Running, tmp_path: Path) -> None:
    another = lifecycle.start(tmp_path / "home", 0)
    try:
        assert another.access_key_id != running.access_key_id
        assert another.secret_access_key != running.secret_access_key
        assert another.secret_access_key not in repr(another)
        assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "home" / "emulator.json").stat().st_mode) == 0o600
        assert send(signed(another, secret=running.secret_access_key)).status_code == 403
    finally:
        lifecycle.stop(tmp_path / "home")
