"""Distributions and the buckets behind them: what a browser may load, and who else may not."""

import json
from collections.abc import Iterator
from typing import Any

from tests.template.rule import rule
from tests.template.tree import Resource, statements

DISTRIBUTION, BUCKET, POLICY = "AWS::CloudFront::Distribution", "AWS::S3::Bucket", "AWS::S3::BucketPolicy"
HEADERS, ACCESS = "AWS::CloudFront::ResponseHeadersPolicy", "AWS::CloudFront::OriginAccessControl"
BLOCKED = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
# CloudFront Developer Guide, "Use managed cache policies" and "Use managed origin request policies".
CACHING_DISABLED, ALL_VIEWER_EXCEPT_HOST = (
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
    "b689b0a8-53d0-40ab-baf2-68738e2966ac",
)


@rule(DISTRIBUTION)
def bucket_of_pages_is_private(distribution: Resource) -> Iterator[str]:
    """Who reads past CloudFront is told none of its headers, and public buckets are searched for."""
    for bucket in _buckets(distribution):
        block = bucket.properties().get("PublicAccessBlockConfiguration", {})
        if missing := [name for name in BLOCKED if block.get(name) is not True]:
            yield f"{bucket} lacks {', '.join(missing)}"


@rule(DISTRIBUTION)
def bucket_of_pages_lets_in_its_distribution_only(distribution: Resource) -> Iterator[str]:
    """Without the source condition every account's distributions may read it; without the access control CloudFront
    asks as nobody (CloudFront Developer Guide, "Restrict access to an Amazon S3 origin")."""
    for origin in _origins(distribution):
        bucket = distribution.target(origin.get("DomainName"), BUCKET)
        if bucket is None:
            continue
        if distribution.target(origin.get("OriginAccessControlId"), ACCESS) is None:
            yield f"reads {bucket} without an origin access control"
        policies = [it for it in bucket.tree.all(POLICY) if bucket in it.targets(it.written["Bucket"])]
        allowed = [it for policy in policies for it in statements(policy.written["PolicyDocument"])]
        if "s3:GetObject" not in {action for it in allowed for action in it.actions}:
            yield f"{bucket} does not let it read"
        for statement in allowed:
            named = {
                name.lower(): json.dumps(value) for name, value in statement.condition.get("StringEquals", {}).items()
            }
            if statement.principal != {"Service": "cloudfront.amazonaws.com"}:
                yield f"{bucket} lets in {statement.principal}"
            elif f"distribution/${{{distribution.name}}}" not in named.get("aws:sourcearn", ""):
                yield f"{bucket} lets in other distributions"


@rule(DISTRIBUTION)
def error_pages_spare_the_api(distribution: Resource) -> Iterator[str]:
    """They stand for every origin: a page instead of S3's 403 also replaces the API's, with its reason."""
    apis = [origin["Id"] for origin in _origins(distribution) if "CustomOriginConfig" in origin]
    if apis and any("ResponsePagePath" in each for each in _config(distribution).get("CustomErrorResponses", ())):
        yield f"replaces errors of {', '.join(apis)}"


@rule(DISTRIBUTION)
def api_behind_cloudfront_is_asked_each_time(distribution: Resource) -> Iterator[str]:
    """Answers are somebody's, and API Gateway refuses a Host that is not its own."""
    custom = {origin["Id"] for origin in _origins(distribution) if "CustomOriginConfig" in origin}
    for behavior in _behaviors(distribution):
        if behavior["TargetOriginId"] not in custom:
            continue
        if behavior.get("CachePolicyId") != CACHING_DISABLED:
            yield f"{behavior['PathPattern']} is cached"
        if behavior.get("OriginRequestPolicyId") != ALL_VIEWER_EXCEPT_HOST:
            yield f"{behavior['PathPattern']} loses what the viewer sent, or sends the viewer's Host"


@rule(DISTRIBUTION)
def pages_are_served_by_https_only(distribution: Resource) -> Iterator[str]:
    """What a network on the way has put into a page runs with the visitor's token."""
    for behavior in _behaviors(distribution):
        if behavior.get("ViewerProtocolPolicy") not in {"redirect-to-https", "https-only"}:
            yield f"{behavior.get('PathPattern', '*')} is served by {behavior.get('ViewerProtocolPolicy')}"
        policy = distribution.target(behavior.get("ResponseHeadersPolicyId"), HEADERS)
        if policy is None or "StrictTransportSecurity" not in _security(policy):
            yield f"{behavior.get('PathPattern', '*')} does not bind browsers to https"


@rule(HEADERS)
def pages_run_only_what_is_served_with_them(policy: Resource) -> Iterator[str]:
    """A page holds the visitor's token: whatever text of others got into it must not run (CSP Level 3)."""
    text = _security(policy).get("ContentSecurityPolicy", {}).get("ContentSecurityPolicy", "")
    text = text.get("Fn::Sub", "") if isinstance(text, dict) else text
    directives = {name: rest for name, *rest in (each.split() for each in text.split(";") if each.strip())}
    if directives.get("default-src") != ["'none'"]:
        yield "default-src is not 'none'"
    for name in ("base-uri", "form-action", "frame-ancestors"):  # which default-src does not stand for
        if directives.get(name) != ["'none'"]:
            yield f"{name} is not 'none'"
    for name, sources in directives.items():
        if wide := [
            each for each in sources if "unsafe" in each or "*" in each or each in {"data:", "http:", "https:"}
        ]:
            yield f"{name} allows {', '.join(wide)}"


def _config(distribution: Resource) -> dict[str, Any]:
    config: dict[str, Any] = distribution.written["DistributionConfig"]
    return config


def _origins(distribution: Resource) -> list[dict[str, Any]]:
    origins: list[dict[str, Any]] = _config(distribution)["Origins"]
    return origins


def _behaviors(distribution: Resource) -> list[dict[str, Any]]:
    config = _config(distribution)
    return [config["DefaultCacheBehavior"], *config.get("CacheBehaviors", ())]


def _buckets(distribution: Resource) -> list[Resource]:
    found = (distribution.target(origin.get("DomainName"), BUCKET) for origin in _origins(distribution))
    return [bucket for bucket in found if bucket]


def _security(policy: Resource) -> dict[str, Any]:
    headers: dict[str, Any] = policy.written["ResponseHeadersPolicyConfig"].get("SecurityHeadersConfig", {})
    return headers
