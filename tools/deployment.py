"""The application as one deployment would create it: with parameters, conditions and references resolved.

Nothing is deployed. A value that only AWS knows, such as the id of a user pool, is replaced by a text that names the
resource, so that two deployments can be compared. Names are those that CloudFormation would use or generate.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tools.expand import Template, child, expand, templates

STACK = "AWS::CloudFormation::Stack"
# The longest stack name for which every name in the application fits its service. README.md mentions it.
LONGEST_STACK_NAME = 30
ACCOUNT, REGION, PARTITION = "123456789012", "us-east-1", "aws"
# CloudFormation ends a generated name with twelve or thirteen of these characters (CloudFormation User Guide, "Name
# type").
_RANDOM = "0123456789ABC"
# For these types `Ref` returns the name; for others it returns an id, an ARN or an address.
_REF_IS_NAME = {
    "AWS::ApiGateway::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::DynamoDB::Table",
    "AWS::Events::EventBus",
    "AWS::Events::Rule",
    "AWS::IAM::Role",
    "AWS::Kinesis::Stream",
    "AWS::KinesisFirehose::DeliveryStream",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::Logs::LogStream",
    "AWS::S3::Bucket",
}
_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_NOTHING = object()


@dataclass(frozen=True)
class Deployed:
    """One resource. `path` is the logical ids from the root stack down, for example `Order/Timeline`. `stack` is the
    name of its stack."""

    template: Path
    path: str
    stack: str
    type: str
    properties: dict[str, Any]

    @property
    def logical_id(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def written_name(self) -> str | None:
        """The physical name in the template, or None."""
        name: str | None = written_name(self.type, self.properties)
        return name


def written_name(type_: str, properties: Mapping[str, Any]) -> Any:
    """Returns the physical name in the template: `QueueName` of a queue, `TableName` of a table, `Name` of most
    others."""
    kind = type_.rpartition("::")[2].removeprefix("Serverless")
    properties = properties.get(f"{kind}Config", properties)  # as CloudFront has it
    return properties.get(kind + "Name", properties.get("Name"))


def application(stack_name: str, **parameters: str) -> "Deployment":
    """Returns the whole application as a stack of that name. Parameters that are not given have their defaults."""
    return Deployment({path: expand(path) for path in templates()}, stack_name, parameters)


class Deployment:
    """The templates `expanded`, the root one first. `ids` becomes part of every id that AWS would choose."""

    def __init__(
        self, expanded: Mapping[Path, Template], stack_name: str, parameters: Mapping[str, str], ids: str = ""
    ) -> None:
        self._templates = expanded
        self._ids = ids
        self._root = _Stack(self, next(iter(expanded)), stack_name, "", parameters)

    @cached_property
    def resources(self) -> list[Deployed]:
        """All resources that it creates, including those of nested stacks."""
        return list(self._root.everything())

    def of_type(self, *types: str) -> list[Deployed]:
        return [found for found in self.resources if found.type in types]

    def template(self, path: Path) -> Template:
        return self._templates[path]

    @property
    def ids(self) -> str:
        return self._ids


class _Stack:
    """One stack of the deployment, in which references are resolved."""

    def __init__(
        self, deployment: Deployment, template: Path, name: str, prefix: str, parameters: Mapping[str, Any]
    ) -> None:
        self._deployment = deployment
        self._path = template
        self._template = deployment.template(template)
        self._name = name
        self._prefix = prefix
        declared = self._template.get("Parameters", {})
        self._parameters = {key: parameters.get(key, it.get("Default", "")) for key, it in declared.items()}
        self._lists = {key for key, it in declared.items() if "List" in it["Type"]}
        self._nested: dict[str, _Stack] = {}

    def everything(self) -> Iterator[Deployed]:
        for logical_id, body in self._template["Resources"].items():
            if not self._exists(logical_id):
                continue
            properties = self.resolve(body.get("Properties", {}))
            path = self._prefix + logical_id
            yield Deployed(self._path, path, self._name, body["Type"], properties)
            if body["Type"] == STACK:
                yield from self._child(logical_id).everything()

    def _child(self, logical_id: str) -> "_Stack":
        if logical_id not in self._nested:
            properties = self._template["Resources"][logical_id]["Properties"]
            self._nested[logical_id] = _Stack(
                self._deployment,
                child(properties["TemplateURL"]),
                generated_name(self._name, logical_id),
                f"{self._prefix}{logical_id}/",
                self.resolve(properties.get("Parameters", {})),
            )
        return self._nested[logical_id]

    def _exists(self, logical_id: str) -> bool:
        condition = self._template["Resources"][logical_id].get("Condition")
        return condition is None or self._holds(condition)

    # --- values -------------------------------------------------------------------------------------------------

    def resolve(self, node: Any) -> Any:
        """Returns `node` with its intrinsic functions evaluated. Entries without a value are left out."""
        if isinstance(node, list):
            return [value for item in node if (value := self.resolve(item)) is not _NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((function, operand),) = node.items()
            if function == "Ref":
                return self._ref(operand)
            if function.startswith("Fn::"):
                return self._function(function, operand)
        resolved = {key: self.resolve(value) for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not _NOTHING}

    def _function(self, function: str, operand: Any) -> Any:
        match function:
            case "Fn::If":
                condition, yes, no = operand
                return self.resolve(yes if self._holds(condition) else no)
            case "Fn::GetAtt":
                return self.attribute(operand if isinstance(operand, str) else ".".join(operand))
            case "Fn::Sub":
                return self._substituted(*(operand if isinstance(operand, list) else (operand, {})))
            case "Fn::FindInMap":
                name, first, second = self.resolve(operand)
                return self._template["Mappings"][name][first][second]
            case _:
                return _computed(function, self.resolve(operand))

    def _ref(self, name: str) -> Any:
        stack = f"stack/{self._name}/{self._deployment.ids}"
        pseudo = {
            "AWS::StackName": self._name,
            "AWS::StackId": f"arn:{PARTITION}:cloudformation:{REGION}:{ACCOUNT}:{stack}",
            "AWS::Region": REGION,
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": PARTITION,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NoValue": _NOTHING,
        }
        if name in pseudo:
            return pseudo[name]
        if name in self._parameters:
            value = self._parameters[name]
            return str(value).split(",") if name in self._lists and not isinstance(value, list) else value
        body = self._template["Resources"][name]
        named = body["Type"] in _REF_IS_NAME
        written = written_name(body["Type"], body.get("Properties", {})) if named else None
        if body["Type"] == "AWS::StepFunctions::StateMachine":  # a template takes the name out of it
            return f"arn:{PARTITION}:states:{REGION}:{ACCOUNT}:stateMachine:{self._id(name)}"
        return self.resolve(written) if written is not None else self._id(name)

    def _id(self, logical_id: str) -> str:
        return generated_name(self._name, logical_id) + self._deployment.ids

    def attribute(self, reference: str) -> Any:
        """Returns a text for `Function.Arn`, or the nested stack's output for `Nested.Outputs.Name`."""
        logical_id, _, attribute = reference.partition(".")
        if self._template["Resources"][logical_id]["Type"] == STACK and attribute.startswith("Outputs."):
            return self._child(logical_id).output(attribute.removeprefix("Outputs."))
        return f"{self._id(logical_id)}.{attribute}"

    def output(self, name: str) -> Any:
        return self.resolve(self._template["Outputs"][name]["Value"])

    def _substituted(self, text: str, variables: Mapping[str, Any]) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in variables:
                return str(self.resolve(variables[name]))
            return str(self.attribute(name) if "." in name else self._ref(name))

        return _VARIABLE.sub(value, text)

    # --- conditions ---------------------------------------------------------------------------------------------

    def _holds(self, condition: Any) -> bool:
        if isinstance(condition, str):
            return self._holds(self._template["Conditions"][condition])
        ((operator, operands),) = condition.items()
        match operator:
            case "Condition":
                return self._holds(operands)
            case "Fn::Equals":
                left, right = (str(value) for value in self.resolve(operands))
                return left == right
            case "Fn::Not":
                return not self._holds(operands[0])
            case "Fn::And":
                return all(self._holds(operand) for operand in operands)
            case "Fn::Or":
                return any(self._holds(operand) for operand in operands)
            case _:
                raise NotImplementedError(f"{operator} in {self._path}")


def _computed(function: str, operand: Any) -> Any:
    """Evaluates functions that need only their operand."""
    match function:
        case "Fn::Join":
            separator, parts = operand
            return separator.join(map(str, parts if isinstance(parts, list) else [parts]))
        case "Fn::Split":
            separator, text = operand
            return str(text).split(separator)
        case "Fn::Select":
            index, items = operand
            return items[int(index)] if int(index) < len(items) else ""
        case "Fn::GetAZs":
            return [f"{REGION}a", f"{REGION}b"]
        case _:
            raise NotImplementedError(function)


def generated_name(stack: str, logical_id: str) -> str:
    """Returns the name that CloudFormation generates, before it is cut to the service's limit."""
    return f"{stack}-{logical_id}-{_RANDOM}"
