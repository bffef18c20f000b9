"""Checks the AWS account: credentials, region and quotas. Every call only reads."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deployed.doctor.asking import CONFIG, TimeBudget, why
from deployed.doctor.check import Check, ok, problem, warning
from deployed.doctor.plan import Plan

_FEW_AT_ONCE = 50
_KEPT_UNRESERVED = 100  # of the account's concurrency, by Lambda
_ANYWHERE = "us-east-1"


@dataclass(frozen=True)
class Quota:
    """How many of a resource may exist per account and region: AWS's documented default, unless Service Quotas has
    another value. `counted` is the call that lists the existing ones, and the name of the list in its response."""

    name: str
    default: int
    needed: Callable[[Plan], int]
    counted: tuple[str, str, str]
    code: tuple[str, str] | None = None


def _of(*types: str) -> Callable[[Plan], int]:
    return lambda chosen: chosen.number(*types)


# Defaults and codes: AWS General Reference, "Service endpoints and quotas", of each service. SQS, SNS and CloudWatch
# Logs have no quota that a shop could reach.
QUOTAS = (
    Quota(
        "stacks",
        2000,
        lambda chosen: chosen.stacks,
        ("cloudformation", "describe_stacks", "Stacks"),
        ("cloudformation", "L-0485CB21"),
    ),
    Quota(
        "tables",
        2500,
        _of("AWS::DynamoDB::Table"),
        ("dynamodb", "list_tables", "TableNames"),
        ("dynamodb", "L-F98FE922"),
    ),
    Quota("buckets", 10000, _of("AWS::S3::Bucket"), ("s3", "list_buckets", "Buckets"), ("s3", "L-DC2B2D3D")),
    Quota(
        "REST APIs",
        600,
        _of("AWS::ApiGateway::RestApi"),
        ("apigateway", "get_rest_apis", "items"),
        ("apigateway", "L-AA0FF27B"),
    ),
    Quota(
        "event buses",
        100,
        _of("AWS::Events::EventBus"),
        ("events", "list_event_buses", "EventBuses"),
        ("events", "L-658A4FD9"),
    ),
    Quota(
        "state machines",
        10000,
        _of("AWS::StepFunctions::StateMachine"),
        ("stepfunctions", "list_state_machines", "stateMachines"),
    ),
    Quota("alarms", 5000, _of("AWS::CloudWatch::Alarm"), ("cloudwatch", "describe_alarms", "MetricAlarms")),
    Quota("user pools", 1000, _of("AWS::Cognito::UserPool"), ("cognito-idp", "list_user_pools", "UserPools")),
    Quota("networks", 5, _of("AWS::EC2::VPC"), ("ec2", "describe_vpcs", "Vpcs"), ("vpc", "L-F678F1CE")),
)
_ARGUMENTS = {"list_user_pools": {"MaxResults": 60}}


def account(chosen: Plan, profile: str | None, region: str | None) -> Iterator[Check]:
    """Checks the region, the credentials and, with them, the account's quotas."""
    patience = TimeBudget()
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except BotoCoreError as error:
        yield problem("credentials", *why(error))
        return
    where = session.region_name
    if where:
        yield ok("region", where)
    else:
        yield problem("region", "none is set", "Use --region, or set AWS_REGION.")
    who = patience.ask({"who": lambda: _client(session, "sts", where or _ANYWHERE).get_caller_identity()})["who"]
    if isinstance(who, Exception):
        yield problem("credentials", *why(who))
        return
    yield ok("credentials", f"account {who['Account']}, as {who['Arn'].rpartition(':')[2]}")
    if where:
        yield from _room(chosen, patience, session, where)


def _client(session: boto3.Session, service: str, region: str) -> Any:
    return session.client(service, region_name=region, config=CONFIG)  # type: ignore[call-overload]


def _room(chosen: Plan, patience: TimeBudget, session: boto3.Session, region: str) -> Iterator[Check]:
    needed = [quota for quota in QUOTAS if quota.needed(chosen)]
    services = {quota.counted[0] for quota in needed} | {"lambda", "sesv2", "iam", "kinesis", "service-quotas"}
    # boto3 clients must be created in one thread, but may be used in many.
    clients = {service: _client(session, service, region) for service in services}
    sender = chosen.parameters.get("SenderEmail", "")
    questions: dict[str, Callable[[], Any]] = {
        "lambda": clients["lambda"].get_account_settings,
        "iam": clients["iam"].get_account_summary,
        "there": lambda: _there(clients["cloudformation"], chosen.stack),
    }
    if chosen.shards:
        questions["kinesis"] = clients["kinesis"].describe_limits
    if sender:
        questions["ses"] = clients["sesv2"].get_account
        questions["sender"] = lambda: _verified(clients["sesv2"], sender)
    for quota in needed:
        questions[f"used {quota.name}"] = partial(_used, clients[quota.counted[0]], quota)
        if quota.code:
            questions[f"limit {quota.name}"] = partial(_limit, clients["service-quotas"], quota)
    answers = patience.ask(questions)
    yield concurrency(answers["lambda"], chosen)
    yield mail(sender, answers)
    fresh = answers["there"] is not True
    yield ok("stack", f"{chosen.stack} is new" if fresh else f"{chosen.stack} exists and would be updated")
    yield roles(answers["iam"], chosen, fresh=fresh)
    if chosen.shards:
        yield shards(answers["kinesis"], chosen, fresh=fresh)
    for quota in needed:
        yield room(quota, quota.needed(chosen), answers, fresh=fresh)


def _there(cloudformation: Any, stack: str) -> bool:
    try:
        cloudformation.describe_stacks(StackName=stack)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return False
    return True


def _used(client: Any, quota: Quota) -> int:
    _, operation, key = quota.counted
    arguments = _ARGUMENTS.get(operation, {})
    if not client.can_paginate(operation):
        return len(getattr(client, operation)(**arguments)[key])
    return sum(len(page.get(key, ())) for page in client.get_paginator(operation).paginate(**arguments))


def _limit(service_quotas: Any, quota: Quota) -> int:
    assert quota.code is not None
    service, code = quota.code
    return int(service_quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"])


def _verified(sesv2: Any, sender: str) -> bool:
    """Whether the address, or else its domain, is an identity that may send with SES."""
    for identity in (sender, sender.rpartition("@")[2]):
        try:
            if sesv2.get_email_identity(EmailIdentity=identity)["VerifiedForSendingStatus"]:
                return True
        except ClientError as error:
            if error.response["Error"]["Code"] != "NotFoundException":
                raise
    return False


def concurrency(answer: Any, chosen: Plan) -> Check:
    name = "Lambda"
    if isinstance(answer, Exception):
        return _unknown(name, answer)
    limit = int(answer["AccountLimit"]["ConcurrentExecutions"])
    free = int(answer["AccountLimit"]["UnreservedConcurrentExecutions"])
    ask = "Ask Service Quotas for more: lambda L-B99A9384."
    if chosen.reserved and chosen.reserved > free - _KEPT_UNRESERVED:
        return problem(
            name, f"{chosen.reserved} concurrent executions would be reserved, but only {free} are free", ask
        )
    if limit < _FEW_AT_ONCE:
        functions = chosen.number("AWS::Lambda::Function")
        return warning(
            name, f"{limit} concurrent executions for {functions} functions: a rush of orders will wait", ask
        )
    return ok(name, f"{limit:,} concurrent executions")


def mail(sender: str, answers: Mapping[str, Any]) -> Check:
    name = "e-mail"
    if not sender:
        return ok(name, "no SenderEmail: e-mails are stored and shown, not sent")
    for answer in (answers["ses"], answers["sender"]):
        if isinstance(answer, Exception):
            return _unknown(name, answer)
    if not answers["sender"]:
        return problem(name, f"SES has not verified {sender}", "Verify the address, or its domain, in SES.")
    if not answers["ses"]["ProductionAccessEnabled"]:
        return warning(
            name, "SES is in its sandbox: only verified addresses receive e-mail", "Ask SES for production access."
        )
    return ok(name, f"{sender} may send")


def roles(answer: Any, chosen: Plan, *, fresh: bool) -> Check:
    if isinstance(answer, Exception):
        return _unknown("roles", answer)
    found = answer["SummaryMap"]
    return _fits("roles", chosen.number("AWS::IAM::Role") * fresh, found["Roles"], found["RolesQuota"])


def shards(answer: Any, chosen: Plan, *, fresh: bool) -> Check:
    if isinstance(answer, Exception):
        return _unknown("shards", answer)
    return _fits("shards", chosen.shards * fresh, answer["OpenShardCount"], answer["ShardLimit"])


def room(quota: Quota, needed: int, answers: Mapping[str, Any], *, fresh: bool) -> Check:
    used, limit = answers[f"used {quota.name}"], answers.get(f"limit {quota.name}", quota.default)
    if isinstance(used, Exception):
        return _unknown(quota.name, used)
    known = not isinstance(limit, Exception) and quota.code is not None
    source = "" if known else " (AWS's default)"
    return _fits(quota.name, needed * fresh, used, limit if known else quota.default, source)


def _fits(name: str, needed: int, used: int, limit: int, source: str = "") -> Check:
    finding = f"{needed:,} more needed, {used:,} in use, limit {limit:,}{source}"
    if used + needed > limit:
        return problem(name, finding, "Ask Service Quotas for more, or delete some.")
    return ok(name, finding)


def _unknown(name: str, error: Exception) -> Check:
    finding, todo = why(error)
    return warning(name, f"unknown: {finding}", todo)
