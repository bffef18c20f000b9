"""A distribution's name leads to its bucket and its API, as CloudFront's edge does, and to nothing else."""

from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.emulator.account import Account

ECHO = """
import json
def handler(event, context):
    return {
        "statusCode": int((event["queryStringParameters"] or {}).get("status", 200)),
        "multiValueHeaders": {"Content-Type": ["application/problem+json"], "ETag": ['"7"'], "Location": ["/orders/1"],
                              "Retry-After": ["3"], "Idempotency-Replayed": ["true"], "Set-Cookie": ["a=1", "b=2"]},
        "body": json.dumps({name: event[name] for name in
            ("httpMethod", "resource", "pathParameters", "multiValueQueryStringParameters", "body")}
            | {"key": event["multiValueHeaders"].get("idempotency-key"), "host": event["headers"].get("host")}),
    }
"""
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Echo: {Type: String}
  Listing: {Type: String, Default: s3:ListBucket}
  OriginPolicy: {Type: String, Default: b689b0a8-53d0-40ab-baf2-68738e2966ac}
Resources:
  Site: {Type: AWS::S3::Bucket}
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Site
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: cloudfront.amazonaws.com}
            Action: [s3:GetObject, !Ref Listing]
            Resource: [!GetAtt Site.Arn, !Sub "${Site.Arn}/*"]
            Condition:
              StringEquals: {AWS:SourceArn: !Sub "arn:aws:cloudfront::${AWS::AccountId}:distribution/${Edge}"}
  Access:
    Type: AWS::CloudFront::OriginAccessControl
    Properties:
      OriginAccessControlConfig:
        {Name: !Ref AWS::StackName, OriginAccessControlOriginType: s3, SigningBehavior: always, SigningProtocol: sigv4}
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      DefinitionBody:
        openapi: 3.0.1
        info: {title: shop, version: "1"}
        paths:
          /orders/{id}:
            x-amazon-apigateway-any-method:
              x-amazon-apigateway-integration:
                type: aws_proxy
                httpMethod: POST
                uri: !Sub arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Echo}/invocations
  Edge:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        DefaultRootObject: index.html
        Origins:
          - Id: site
            DomainName: !GetAtt Site.RegionalDomainName
            OriginAccessControlId: !Ref Access
            S3OriginConfig: {OriginAccessIdentity: ""}
          - Id: api
            DomainName: !Sub ${Api}.execute-api.us-east-1.amazonaws.com
            CustomOriginConfig: {OriginProtocolPolicy: https-only}
        DefaultCacheBehavior:
          TargetOriginId: site
          ViewerProtocolPolicy: redirect-to-https
          CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6
        CacheBehaviors:
          - PathPattern: /v1/*
            TargetOriginId: api
            ViewerProtocolPolicy: redirect-to-https
            AllowedMethods: [GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE]
            CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad
            OriginRequestPolicyId: !Ref OriginPolicy
Outputs:
  Site: {Value: !Ref Site}
  Domain: {Value: !GetAtt Edge.DomainName}
"""
SENT = {"etag": '"7"', "location": "/orders/1", "retry-after": "3", "idempotency-replayed": "true"}
VIEWER_WITH_HOST = "216adef6-5c7f-47e4-b989-5492eafa07d3"  # Managed-AllViewer


@dataclass(frozen=True)
class Edge:
    """A deployed distribution, with index.html in its bucket."""

    host: str
    port: int
    bucket: str

    def send(self, method: str, path: str, **request: Any) -> httpx2.Response:
        headers = {"host": f"{self.host}:{self.port}"} | request.pop("headers", {})
        with httpx2.Client(trust_env=False) as client:
            return client.request(method, f"http://127.0.0.1:{self.port}{path}", headers=headers, **request)

    def get(self, path: str, **request: Any) -> httpx2.Response:
        return self.send("GET", path, **request)


def deployed(account: Account, **parameters: str) -> Edge:
    function = account.function(ECHO)
    account.open_to_apis(function)
    outputs = account.deploy(account.name("edge"), TEMPLATE, Echo=account.arn(function), **parameters)
    account.client("s3").put_object(
        Bucket=outputs["Site"], Key="index.html", Body=b"<h1>", ContentType="text/html", CacheControl="no-cache"
    )
    label = outputs["Domain"].partition(".")[0]
    return Edge(f"{label}.cloudfront.localhost", account.port, outputs["Site"])


@pytest.fixture(scope="module")
def edge(account: Account) -> Edge:
    return deployed(account)


def test_pages_come_from_the_bucket_without_a_key(edge: Edge) -> None:
    page = edge.get("/")
    assert (page.status_code, page.text, page.headers["cache-control"]) == (200, "<h1>", "no-cache")
    same = edge.get("/index.html", headers={"if-none-match": page.headers["etag"]})
    assert (same.status_code, same.text) == (304, "")
    head = edge.send("HEAD", "/")
    assert (head.status_code, head.text) == (200, "")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_missing_file_is_404_where_cloudfront_may_list(method: str, edge: Edge, account: Account) -> None:
    assert edge.send(method, "/nothing.js").status_code == 404
    assert deployed(account, Listing="s3:GetObjectTagging").send(method, "/nothing.js").status_code == 403


def test_the_bucket_is_read_by_its_distribution_only(edge: Edge, account: Account) -> None:
    reading = account.function(
        "import boto3\ndef handler(event, context): boto3.client('s3').get_object(Bucket=event, Key='index.html')"
    )
    assert account.invoke(reading, edge.bucket)[0] == "ClientError"
    with httpx2.Client(trust_env=False) as client:
        assert client.get(f"{account.endpoint}/{edge.bucket}/index.html").status_code == 403


def test_another_distribution_is_a_stranger(account: Account) -> None:
    mine, other = deployed(account), deployed(account)
    s3 = account.client("s3")
    policy = s3.get_bucket_policy(Bucket=other.bucket)["Policy"]
    s3.put_bucket_policy(Bucket=mine.bucket, Policy=policy.replace(other.bucket, mine.bucket))
    assert [each.get("/").status_code for each in (mine, other)] == [403, 200]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("status", [200, 201, 202, 304, 400, 401, 403, 404, 409, 422, 429, 503])
def test_the_api_answers_as_if_it_were_asked_itself(method: str, status: int, edge: Edge) -> None:
    body = "" if method in ("GET", "OPTIONS") else "x" * 300_000
    answer = edge.send(
        method, f"/v1/orders/a%2Fb%20c?status={status}&q=1&q=%26", headers={"idempotency-key": "k"}, content=body
    )
    assert answer.status_code == status
    for name, value in {
        "etag": '"7"',
        "location": "/orders/1",
        "retry-after": "3",
        "idempotency-replayed": "true",
    }.items():
        assert answer.headers[name] == value
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    if status != 304:
        told = answer.json()
        assert (told["httpMethod"], told["resource"]) == (method, "/orders/{id}")
        assert told["pathParameters"] == {"id": "a/b c"}
        assert told["multiValueQueryStringParameters"] == {"status": [str(status)], "q": ["1", "&"]}
        assert (told["body"] or "", told["key"]) == (body, ["k"])


def test_a_head_has_headers_only(edge: Edge) -> None:
    answer = edge.send("HEAD", "/v1/orders/1")
    assert (answer.status_code, answer.text, answer.headers["etag"]) == (200, "", '"7"')


def test_a_header_that_is_sent_twice_stays_two(edge: Edge) -> None:
    with httpx2.Client(trust_env=False) as client:
        headers = [("host", f"{edge.host}:{edge.port}"), ("idempotency-key", "a"), ("idempotency-key", "b")]
        answer = client.get(f"http://127.0.0.1:{edge.port}/v1/orders/1", headers=headers)
    assert answer.json()["key"] == ["a", "b"]


def test_an_api_refuses_the_viewers_host(account: Account) -> None:
    assert deployed(account, OriginPolicy=VIEWER_WITH_HOST).get("/v1/orders/1").status_code == 403


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/health", "/_ministack/rds/iam-auth", "/iceberg/v1"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_path_leads_past_the_distribution(method: str, path: str, edge: Edge) -> None:
    answer = edge.send(method, path, headers={"x-amz-target": "DynamoDB_20120810.ListTables"}, content="{}")
    assert answer.headers["via"].endswith("(CloudFront)")
    assert answer.status_code in (403, 404)
    assert edge.get("/").status_code == 200


def test_a_name_of_no_distribution_needs_a_key(edge: Edge) -> None:
    assert edge.get("/", headers={"host": f"nobody.cloudfront.localhost:{edge.port}"}).status_code == 403
