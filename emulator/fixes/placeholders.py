"""Resource types that the emulator does not know.

AWS: provisions them.
Emulator: refuses the whole template ("Unrecognized resource types").
Fix: record them as resources that do nothing, with the names and attributes that other resources may read, so that the
templates need no branch. Only types that an operator looks at are here; anything that carries a message or enforces a
rule needs a real fix instead.
Goes when: MiniStack provisions the type (`apply` then refuses to shadow it).
"""

from collections.abc import Callable
from typing import Any

from emulator.patching import expect, module

REGION, ACCOUNT = "us-east-1", "000000000000"
Attributes = dict[str, str]


def _schema(props: dict[str, Any], name: str) -> tuple[str, Attributes]:
    schema = props.get("SchemaName", name)
    arn = f"arn:aws:schemas:{REGION}:{ACCOUNT}:schema/{props.get('RegistryName')}/{schema}"
    return arn, {"SchemaArn": arn, "SchemaName": schema, "SchemaVersion": "1"}


def _registry(props: dict[str, Any], name: str) -> tuple[str, Attributes]:
    registry = props.get("RegistryName", name)
    arn = f"arn:aws:schemas:{REGION}:{ACCOUNT}:registry/{registry}"
    return arn, {"RegistryArn": arn, "RegistryName": registry}


def _discoverer(props: dict[str, Any], name: str) -> tuple[str, Attributes]:
    arn = f"arn:aws:schemas:{REGION}:{ACCOUNT}:discoverer/{name}"
    return arn, {"DiscovererArn": arn, "DiscovererId": name, "CrossAccount": str(props.get("CrossAccount", True))}


def _composite_alarm(props: dict[str, Any], name: str) -> tuple[str, Attributes]:
    alarm = props.get("AlarmName", name)
    return alarm, {"Arn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{alarm}"}


def _named(service: str, kind: str, name_property: str = "Name") -> Callable[[dict[str, Any], str], Any]:
    def describe(props: dict[str, Any], name: str) -> tuple[str, Attributes]:
        chosen = str(props.get(name_property, name))
        return chosen, {"Arn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}/{chosen}", "Id": chosen}

    return describe


TYPES: dict[str, Callable[[dict[str, Any], str], tuple[str, Attributes]]] = {
    "AWS::EventSchemas::Registry": _registry,
    "AWS::EventSchemas::Schema": _schema,
    "AWS::EventSchemas::Discoverer": _discoverer,
    "AWS::CloudWatch::CompositeAlarm": _composite_alarm,
    "AWS::Logs::QueryDefinition": _named("logs", "query-definition"),
    "AWS::CodeDeploy::Application": _named("codedeploy", "application", "ApplicationName"),
    "AWS::CodeDeploy::DeploymentGroup": _named("codedeploy", "deploymentgroup", "DeploymentGroupName"),
    "AWS::XRay::Group": _named("xray", "group", "GroupName"),
    "AWS::XRay::SamplingRule": _named("xray", "sampling-rule", "RuleName"),
    "AWS::ResourceGroups::Group": _named("resource-groups", "group"),
    "AWS::ApplicationInsights::Application": _named("applicationinsights", "application", "ResourceGroupName"),
    "AWS::Budgets::Budget": _named("budgets", "budget"),
    "AWS::Synthetics::Canary": _named("synthetics", "canary"),
    "AWS::WAFv2::WebACLAssociation": _named("wafv2", "association", "ResourceArn"),
}


def apply() -> None:
    handlers = module("services.cloudformation.provisioners")._RESOURCE_HANDLERS
    for resource_type, describe in TYPES.items():
        expect(resource_type not in handlers, f"no real {resource_type}: drop its placeholder")
        handlers[resource_type] = _handler(describe)


def _handler(describe: Callable[[dict[str, Any], str], tuple[str, Attributes]]) -> dict[str, Any]:
    def create(logical_id: str, props: dict[str, Any], stack: str) -> tuple[str, Attributes]:
        return describe(props, f"{stack}-{logical_id}")

    def update(
        _physical_id: str, _old: Any, new: dict[str, Any], stack: str, logical_id: str
    ) -> tuple[str, Attributes]:
        return describe(new, f"{stack}-{logical_id}")

    def delete(_physical_id: str, _props: Any) -> None:
        return None

    return {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}
