"""Tables, names, permissions, state machines, the front door: what the account shares or enforces."""

import json
from collections.abc import Iterator
from typing import Any

from tests.template.rule import rule
from tests.template.tree import Resource, as_list, inline_documents, statements

ROLE, MACHINE, LOG_GROUP = "AWS::IAM::Role", "AWS::StepFunctions::StateMachine", "AWS::Logs::LogGroup"
FUNCTION, REST_API = "AWS::Lambda::Function", "AWS::ApiGateway::RestApi"

# Properties that name the physical resource in an account-wide space. What lives inside another resource of the stack
# (a schema in its registry, a group in its pool) may be called what it is; a layer's versions share its name in peace.
NAMES = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::Cognito::UserPool": "UserPoolName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::EventSchemas::Registry": "RegistryName",
    "AWS::Events::Archive": "ArchiveName",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Kinesis::Stream": "Name",
    "AWS::KinesisFirehose::DeliveryStream": "DeliveryStreamName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SES::ConfigurationSet": "Name",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SSM::Parameter": "Name",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}

WRITES = ("dynamodb:PutItem", "dynamodb:UpdateItem")
# A write unit a second is $0.05 a day, a read unit $0.01 (us-east-1, 2026-08).
MOST_UNITS = 2000

# These actions know no resource: AWS accepts only "*" for them.
LOG_DELIVERY = {
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}
WITHOUT_RESOURCE = LOG_DELIVERY | {
    "cloudwatch:PutMetricData",
    "kafka:GetBootstrapBrokers",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


@rule(*NAMES)
def name_is_not_fixed(resource: Resource) -> Iterator[str]:
    """A fixed name lets one stack per account live, and makes CloudFormation unable to replace the resource."""
    name = resource.written.get(NAMES[resource.type])
    if name is not None and "AWS::Stack" not in json.dumps(name) and not resource.targets(name):
        yield f"{NAMES[resource.type]} is {name}; leave it out, or begin it with ${{AWS::StackName}}"


@rule("AWS::DynamoDB::Table")
def table_is_on_demand_and_recoverable(table: Resource) -> Iterator[str]:
    """Idle costs nothing, and yesterday can be had back."""
    properties = table.properties()
    if properties.get("BillingMode") != "PAY_PER_REQUEST":
        yield "BillingMode is not PAY_PER_REQUEST"
    if properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled") is not True:
        yield "point-in-time recovery is not enabled"


@rule("AWS::DynamoDB::Table")
def table_that_anybody_makes_write_has_a_ceiling(table: Resource) -> Iterator[str]:
    """An on-demand table follows a flood, and its bill with it (DynamoDB Developer Guide, "Maximum throughput for
    on-demand tables"). What a Kinesis stream brings comes from visitors without a token."""
    readers = {
        mapping.target(mapping.written["FunctionName"], FUNCTION)
        for mapping in table.tree.all("AWS::Lambda::EventSourceMapping")
        if mapping.target(mapping.written.get("EventSourceArn"), "AWS::Kinesis::Stream")
    }
    roles = [role for reader in readers if reader and (role := reader.target(reader.written["Role"], ROLE))]
    if not any(table.tree.allows(role, action, table) for role in roles for action in WRITES):
        return
    caps = table.properties().get("OnDemandThroughput", {})
    for name in ("MaxReadRequestUnits", "MaxWriteRequestUnits"):
        if not 0 < int(caps.get(name, 0)) <= MOST_UNITS:
            yield f"OnDemandThroughput.{name} is {caps.get(name)}, not up to {MOST_UNITS}"


@rule("AWS::DynamoDB::Table")
def table_is_protected_where_it_matters(table: Resource) -> Iterator[str]:
    """A sandbox must go with one command, production must not."""
    for environment, wanted in {"local": False, "sandbox": False, "staging": True, "prod": True}.items():
        if bool(table.properties(environment).get("DeletionProtectionEnabled", False)) is not wanted:
            yield f"DeletionProtectionEnabled is not {wanted} in {environment}"


@rule("AWS::Cognito::UserPool")
def user_pool_does_not_tell_case_apart(pool: Resource) -> Iterator[str]:
    """It does by default, and for ever: Ada@example.com would be another customer than ada@example.com."""
    if pool.properties().get("UsernameConfiguration", {}).get("CaseSensitive") is not False:
        yield "UsernameConfiguration.CaseSensitive is not false"


@rule("AWS::S3::Bucket")
def bucket_forgets(bucket: Resource) -> Iterator[str]:
    """What is put there is of people: clicks, and whole invocations. Nobody would look for it later to delete it. Pages
    are of nobody, and go with their deployment."""
    if any(bucket in it.targets(it.written) for it in bucket.tree.all("AWS::CloudFront::Distribution")):
        return
    rules = as_list(bucket.properties().get("LifecycleConfiguration", {}).get("Rules", []))
    if not any(rule.get("Status") == "Enabled" and rule.get("ExpirationInDays") for rule in rules):
        yield "what is in it is kept for ever"


@rule("AWS::ApiGateway::Account")
def account_wide_setting(account: Resource) -> Iterator[str]:
    """It belongs to the account: this stack would take it from whoever else has an API there."""
    yield f"{account} sets it"


@rule("AWS::ApiGateway::Stage")
def stage_needs_no_account_setting(stage: Resource) -> Iterator[str]:
    """Access and execution logs fail to deploy where nobody has set the account's CloudWatch role."""
    properties = stage.properties()
    levels = [setting.get("LoggingLevel", "OFF") for setting in properties.get("MethodSettings", [])]
    if "AccessLogSetting" in properties or any(level != "OFF" for level in levels):
        yield "logs through the account-wide CloudWatch role, which a new account does not have"


@rule("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
def action_without_a_resource_is_on_every_one(holder: Resource) -> Iterator[str]:
    """On a resource that it does not know, an action stays forbidden."""
    documents = inline_documents(holder) + as_list(holder.written.get("PolicyDocument"))
    for statement in (found for document in documents for found in statements(document)):
        if "*" not in statement.resources and (lost := sorted(set(statement.actions) & WITHOUT_RESOURCE)):
            yield f"{lost} on {statement.resources}"


@rule(MACHINE)
def machine_may_write_its_logs(machine: Resource) -> Iterator[str]:
    """AWS refuses to create it otherwise."""
    logging = machine.properties().get("LoggingConfiguration", {})
    if not logging or logging.get("Level") == "OFF":
        return
    if machine.target(logging.get("Destinations"), LOG_GROUP) is None:
        yield "logs to no group of the stack"
    if lacking := LOG_DELIVERY - {action for statement in _machine_statements(machine) for action in statement.actions}:
        yield f"its role lacks {sorted(lacking)}"


@rule(MACHINE)
def machine_logs_and_traces(machine: Resource) -> Iterator[str]:
    """An EXPRESS execution leaves no other trace."""
    properties = machine.properties()
    if properties.get("LoggingConfiguration", {}).get("Level", "OFF") == "OFF":
        yield "LoggingConfiguration is not set"
    if properties.get("TracingConfiguration", {}).get("Enabled") is not True:
        yield "TracingConfiguration is not enabled"


@rule(MACHINE)
def machine_leads_somewhere(machine: Resource) -> Iterator[str]:
    """Every transition names a state, every substitution is given."""
    definition = machine.written["Definition"]
    yield from _dangling(definition)
    text = json.dumps(definition)
    given = machine.written.get("DefinitionSubstitutions", {})
    for name in given:
        if f"${{{name}}}" not in text:
            yield f"DefinitionSubstitutions gives {name}, which nothing uses"
    for piece in text.split("${")[1:]:
        name = piece.partition("}")[0]
        if name not in given:
            yield f"${{{name}}} is not in DefinitionSubstitutions"


@rule(REST_API)
def api_brings_no_models(api: Resource) -> Iterator[str]:
    """API Gateway makes a model of every schema, in a JSON Schema of its own, and refuses the whole document over a
    keyword that this one lacks: `Unsupported keyword(s): ["example"]`."""
    body = api.written.get("Body", {})
    if brought := body.get("components", {}).keys() - {"securitySchemes"}:
        yield f"components has {', '.join(sorted(brought))}"
    for path, item in body.get("paths", {}).items():
        for method, operation in item.items():
            answers = [operation.get("requestBody", {}), *operation.get("responses", {}).values()]
            if any({"content", "$ref"} & part.keys() for part in answers):
                yield f"{method.upper()} {path} has a schema"


@rule("AWS::ApiGateway::Deployment")
def api_has_no_stage_called_stage(deployment: Resource) -> Iterator[str]:
    """SAM opens it beside the one that is asked for, untraced, unless OpenApiVersion is set."""
    if "StageName" in deployment.written:
        yield f"opens {deployment.written['StageName']}: OpenApiVersion is not set"


def _machine_statements(machine: Resource) -> list[Any]:
    role = machine.target(machine.written["RoleArn"], ROLE)
    return machine.tree.role_statements(role) if role else []


def _dangling(scope: dict[str, Any]) -> Iterator[str]:
    """Transitions that lead nowhere, and states that nothing leads to, in a state machine or a branch of it."""
    states: dict[str, Any] = scope["States"]
    named = {scope["StartAt"]} | {target for state in states.values() for target in _transitions(state)}
    yield from (f"no state is called {name}" for name in sorted(named - states.keys()))
    yield from (f"nothing leads to {name}" for name in sorted(states.keys() - named))
    for state in states.values():
        for nested in [*state.get("Branches", []), state.get("ItemProcessor")]:
            if nested:
                yield from _dangling(nested)


def _transitions(state: dict[str, Any]) -> Iterator[str]:
    for holder in [state, *state.get("Catch", []), *state.get("Choices", [])]:
        yield from (holder[key] for key in ("Next", "Default") if key in holder)
