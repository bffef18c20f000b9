"""The permissions in the templates, and what AWS needs for what the templates define: for whole deployments."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from deployed.permissions.grants import OUTSIDE, Grant, in_documents, in_managed
from tools.deployment import Deployed, Deployment, application, generated_name

ROLE, POLICIES = "AWS::IAM::Role", ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
FUNCTION, MACHINE, RULE = "AWS::Lambda::Function", "AWS::StepFunctions::StateMachine", "AWS::Events::Rule"
MAPPING, DELIVERY = "AWS::Lambda::EventSourceMapping", "AWS::KinesisFirehose::DeliveryStream"
SOURCES = {
    "AWS::SQS::Queue": "queue reader",
    "AWS::DynamoDB::Table": "DynamoDB stream reader",
    "AWS::Kinesis::Stream": "Kinesis reader",
    "AWS::MSK::ServerlessCluster": "MSK reader",
}
CLUSTER = "KafkaService/Cluster/Cluster"
_WAITS = ".waitForTaskToken"
_NETWORK = {"KafkaSubnets": "subnet-0a,subnet-0b", "KafkaSecurityGroup": "sg-0a"}
_EXISTING = {"Kafka": "existing", "KafkaBrokers": "broker:9092"}
_SECRET = {"KafkaSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:kafka-abcdef"}
_EVERYTHING = {
    "WebhookUrl": "https://hooks.example",
    "SenderEmail": "shop@example.com",
    "OperatorsEmail": "operator@example.com",
    "OperatorsPhone": "+12065550100",
}
# Together they have every resource of every template.
VARIANTS: dict[str, dict[str, str]] = {
    "everything": {"Environment": "local", **_EXISTING, **_EVERYTHING},
    "sandbox": {"Environment": "sandbox", "CheckoutType": "EXPRESS", "Storefront": "OFF", "ClickstreamMode": "OFF"},
    "prod": {"Environment": "prod", **_EXISTING, **_SECRET, **_NETWORK},
    "msk": {"Environment": "prod", "Kafka": "msk-serverless"},
}

type Need = tuple[str, str, str]
"""A role's path, the name of an integration, and the path of what it is about."""


@cache
def deployment(variant: str) -> Deployment:
    return application("shop", **VARIANTS[variant])


class Named:
    """Finds the path of a resource in a text that a deployment resolved."""

    def __init__(self, resources: list[Deployed]) -> None:
        self.by_path = {found.path: found for found in resources}
        self._ids = {generated_name(found.stack, found.logical_id): found.path for found in resources}
        self._longest = sorted(self._ids, key=len, reverse=True)
        self._stacks = {found.stack: found.path.rpartition("/")[0] for found in resources}
        # A name that a template writes is found in ARNs that it writes, too.
        self._written = {
            "event-bus/shop": "Bus",
            **{found.properties["QueueName"]: found.path for found in resources if "QueueName" in found.properties},
            **{
                found.properties["FunctionName"]: found.path
                for found in resources
                if found.type == FUNCTION and "FunctionName" in found.properties
            },
        }

    def path(self, text: str) -> str:
        """Returns the resource's path, with what follows it in its ARN."""
        if text in self.by_path or text == "*":
            return text
        for name in self._longest:
            if name in text:
                rest = re.sub(r"^\.(Arn|Id)", "", text.partition(name)[2]).replace(".StreamArn", "/stream")
                return self._ids[name] + "/".join(self._stacks.get(part, part) for part in rest.split("/"))
        for name, path in self._written.items():
            if name in text:
                return path + text.partition(name)[2]
        if ":secretsmanager:" in text:
            return OUTSIDE
        _arn, _partition, service, _region, _account, resource = text.split(":", 5)
        return f"{service}:{resource}"


def granted(made: Deployment) -> set[Grant]:
    """Returns what the templates give to roles."""
    named, found = Named(made.resources), set[Grant]()
    for holder in made.of_type(ROLE, *POLICIES):
        inline = [policy["PolicyDocument"] for policy in holder.properties.get("Policies", [])]
        attached = [holder.properties["PolicyDocument"]] if holder.type in POLICIES else []
        roles = [named.path(role) for role in holder.properties.get("Roles", [])] if attached else [holder.path]
        for role in roles:
            found.update(in_documents(role, [*inline, *attached], named.path))
            found.update(in_managed(role, holder.properties.get("ManagedPolicyArns", [])))
    return found


def needed(made: Deployment) -> set[Need]:
    """Returns what AWS needs of the roles, for what the templates define."""
    return {
        need
        for extract in (_of_functions, _of_sources, _of_machines, _of_rules, _of_deliveries)
        for need in extract(made, Named(made.resources))
    }


def _of_functions(made: Deployment, named: Named) -> Iterator[Need]:
    for function in made.of_type(FUNCTION):
        role = named.path(function.properties["Role"])
        variables = function.properties.get("Environment", {}).get("Variables", {})
        yield role, "function", "*"
        if variables.get("SECRET_ARN"):
            yield role, "secret", OUTSIDE
        if variables.get("SENDER_EMAIL"):
            yield role, "configuration set", "ses:configuration-set"
        if variables.get("AUTHENTICATION") == "iam":
            yield role, "MSK producer", CLUSTER
        # SAM attaches the policy wherever the property is written, even if a condition leaves it out.
        if function.logical_id == "Bridge" or "VpcConfig" in function.properties:
            yield role, "network interfaces", "*"
    for resource in made.of_type("Custom::Brokers"):
        yield _role(named, resource.properties["ServiceToken"]), "MSK brokers", "*"


def _of_sources(made: Deployment, named: Named) -> Iterator[Need]:
    for mapping in made.of_type(MAPPING):
        properties = mapping.properties
        role, kind = _role(named, properties["FunctionName"]), ""
        if source := properties.get("EventSourceArn"):
            path = named.path(source).removesuffix("/stream")
            kind = SOURCES[named.by_path[path].type]
            yield role, kind, path
        access = properties.get("SourceAccessConfigurations", [])
        if any(each["Type"].startswith("SASL") for each in access):
            yield role, "secret", OUTSIDE
        if any(each["Type"] == "VPC_SUBNET" for each in access) or kind == "MSK reader":
            yield role, "Kafka reader in a network", "*"
        if destination := properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"):
            yield role, "failure bucket", named.path(destination)


def _of_machines(made: Deployment, named: Named) -> Iterator[Need]:
    tokens = [machine.path for machine in made.of_type(MACHINE) if _WAITS in json.dumps(machine.properties)]
    for machine in made.of_type(MACHINE):
        role = named.path(machine.properties["RoleArn"])
        if machine.properties.get("TracingConfiguration", {}).get("Enabled"):
            yield role, "workflow traces", "*"
        if machine.properties.get("LoggingConfiguration", {}).get("Level", "OFF") != "OFF":
            yield role, "workflow logs", "*"
        for task in _tasks(machine.properties["Definition"]):
            match task["Resource"].split(":::")[-1].removesuffix(_WAITS):
                case "lambda:invoke":
                    name = task["Arguments"]["FunctionName"].strip("${}")
                    yield role, "task: function", named.path(machine.properties["DefinitionSubstitutions"][name])
                case "aws-sdk:sfn:sendTaskSuccess":
                    yield from ((role, "task: wake", path) for path in tokens)
                case other:
                    raise NotImplementedError(f"{machine.path} calls {other}: say here what its role needs")


def _tasks(scope: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for state in scope["States"].values():
        if state["Type"] == "Task":
            yield state
        for nested in [*state.get("Branches", []), state.get("ItemProcessor")]:
            if nested:
                yield from _tasks(nested)


def _of_rules(made: Deployment, named: Named) -> Iterator[Need]:
    for rule in made.of_type(RULE):
        for target in rule.properties["Targets"]:
            path = named.path(target["Arn"])
            if named.by_path[path].type == MACHINE:
                yield named.path(target["RoleArn"]), "rule of a workflow", path


def _of_deliveries(made: Deployment, named: Named) -> Iterator[Need]:
    for delivery in made.of_type(DELIVERY):
        source = delivery.properties["KinesisStreamSourceConfiguration"]
        destination = delivery.properties["ExtendedS3DestinationConfiguration"]
        yield named.path(source["RoleARN"]), "Firehose source", named.path(source["KinesisStreamARN"])
        yield named.path(destination["RoleARN"]), "Firehose destination", named.path(destination["BucketARN"])
        logging = destination.get("CloudWatchLoggingOptions", {})
        if logging.get("Enabled"):
            yield named.path(destination["RoleARN"]), "Firehose log", named.path(logging["LogStreamName"])


def _role(named: Named, function: str) -> str:
    path: str = named.path(function)
    return named.path(named.by_path[path].properties["Role"])
