"""The expanded templates as one tree: follows references through parameters, outputs and nested stacks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.expand import Template, child, expand, expand_text, templates

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = re.compile(r"\$\{(?!!)([^}]+)\}")
STACK = "AWS::CloudFormation::Stack"


@dataclass(frozen=True)
class Resource:
    """One resource of an expanded template; equal to another when template and logical id are."""

    template: Path
    name: str
    body: dict[str, Any] = field(compare=False, repr=False)
    tree: Tree = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.template}:{self.name}"

    @property
    def type(self) -> str:
        return str(self.body["Type"])

    @property
    def written(self) -> dict[str, Any]:
        """The properties as the expansion has them, conditions and references included."""
        properties: dict[str, Any] = self.body.get("Properties", {})
        return properties

    def properties(self, environment: str = "sandbox") -> dict[str, Any]:
        """The properties with conditions and parameters decided as that environment's deployment decides them."""
        decided: dict[str, Any] = self.tree.decide(self.template, self.written, environment)
        return decided

    def targets(self, node: Any) -> set[Resource]:
        """Every resource of the tree that the node refers to, wherever it stands."""
        return self.tree.references(self.template, node)

    def target(self, node: Any, kind: str) -> Resource | None:
        """The one resource of this type that the node refers to, if any."""
        return next((found for found in self.targets(node) if found.type == kind), None)


@dataclass(frozen=True)
class Statement:
    """One statement of a policy, its scalars made lists."""

    effect: str
    actions: list[str]
    resources: list[Any]
    services: list[str]
    condition: dict[str, dict[str, Any]]
    principal: Any

    @classmethod
    def of(cls, raw: dict[str, Any]) -> Statement:
        principal = raw.get("Principal")
        services = as_list(principal.get("Service")) if isinstance(principal, dict) else []
        return cls(
            raw.get("Effect", "Allow"),
            as_list(raw.get("Action")),
            as_list(raw.get("Resource")),
            services,
            raw.get("Condition", {}),
            principal,
        )

    def condition_keys(self) -> set[str]:
        return {key.lower() for operator in self.condition.values() for key in operator}


def as_list(value: Any) -> list[Any]:
    """IAM writes one string where a list of one is meant."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def statements(document: dict[str, Any]) -> list[Statement]:
    return [Statement.of(raw) for raw in as_list(document.get("Statement"))]


def inline_documents(role: Resource) -> list[dict[str, Any]]:
    """The role's own policies, those of every condition included."""
    policies: list[dict[str, Any]] = list(role.written.get("Policies", []))
    for policy in policies:  # which grows
        policies.extend(branch for branch in policy.get("Fn::If", ["", {}, {}])[1:] if branch)
    return [policy["PolicyDocument"] for policy in policies if "PolicyDocument" in policy]


class Tree:
    """All templates of the application, or of a planted one."""

    def __init__(self, expanded: dict[Path, Template]) -> None:
        self.templates = expanded

    @classmethod
    def of_project(cls) -> Tree:
        return cls({template: expand(template) for template in templates()})

    @classmethod
    def of_text(cls, text: str) -> Tree:
        """A tree of one SAM template."""
        return cls({Path("planted.yaml"): expand_text(text)})

    @cached_property
    def resources(self) -> list[Resource]:
        return [
            Resource(path, name, body, self)
            for path, template in self.templates.items()
            for name, body in template["Resources"].items()
        ]

    def all(self, *types: str) -> Iterator[Resource]:
        return (resource for resource in self.resources if resource.type in types)

    @cached_property
    def _by_name(self) -> dict[tuple[Path, str], Resource]:
        return {(resource.template, resource.name): resource for resource in self.resources}

    @cached_property
    def _parents(self) -> dict[Path, Resource]:
        return {child(stack.written["TemplateURL"]): stack for stack in self.all(STACK)}

    # --- references ---------------------------------------------------------------------------------------------

    def references(self, path: Path, node: Any) -> set[Resource]:
        """Every resource that `node` in template `path` refers to."""
        if isinstance(node, list):
            return {found for item in node for found in self.references(path, item)}
        if not isinstance(node, dict):
            return set()
        if set(node) == {"Ref"}:
            return self._named(path, node["Ref"], None)
        if set(node) == {"Fn::GetAtt"}:
            return self._attribute(path, node["Fn::GetAtt"])
        if set(node) == {"Fn::Sub"}:
            text, variables = node["Fn::Sub"], {}
            if isinstance(text, list):
                text, variables = text
            found = self.references(path, list(variables.values()))
            for name in VARIABLE.findall(text):
                if name not in variables:
                    found |= self._attribute(path, name)
            return found
        return self.references(path, list(node.values()))

    def _attribute(self, path: Path, reference: str | list[str]) -> set[Resource]:
        name, _, attribute = (".".join(reference) if isinstance(reference, list) else reference).partition(".")
        return self._named(path, name, attribute)

    def _named(self, path: Path, name: str, attribute: str | None) -> set[Resource]:
        resource = self._by_name.get((path, name))
        if resource is None:
            parent = self._parents.get(path)
            passed = parent.written.get("Parameters", {}) if parent else {}
            return self.references(parent.template, passed[name]) if parent and name in passed else set()
        if resource.type == STACK and attribute and attribute.startswith("Outputs."):
            nested = child(resource.written["TemplateURL"])
            outputs = self.templates.get(nested, {}).get("Outputs", {})
            # test_project.py says so where a template or an output is missing.
            return self.references(nested, outputs.get(attribute.removeprefix("Outputs."), {}).get("Value"))
        return {resource}

    # --- conditions ---------------------------------------------------------------------------------------------

    def decide(self, path: Path, node: Any, environment: str) -> Any:
        """`node` with Fn::If, Fn::FindInMap and parameters replaced by what that environment's deployment gets."""
        if isinstance(node, list):
            return [kept for item in node if (kept := self.decide(path, item, environment)) is not None]
        if not isinstance(node, dict):
            return node
        if set(node) == {"Fn::If"}:
            condition, yes, no = node["Fn::If"]
            return self.decide(path, yes if self._holds(path, condition, environment) else no, environment)
        if set(node) == {"Fn::FindInMap"}:
            name, first, second = (self.decide(path, key, environment) for key in node["Fn::FindInMap"])
            return self.templates[path]["Mappings"][name][first][second]
        if set(node) == {"Ref"}:
            return None if node["Ref"] == "AWS::NoValue" else self._parameter(path, node["Ref"], environment)
        decided = {key: self.decide(path, value, environment) for key, value in node.items()}
        return {key: value for key, value in decided.items() if value is not None}

    def _parameter(self, path: Path, name: str, environment: str) -> Any:
        declared = self.templates[path].get("Parameters", {})
        if name == "Environment":
            return environment
        if name not in declared:
            return {"Ref": name}
        parent = self._parents.get(path)
        passed = parent.written.get("Parameters", {}) if parent else {}
        if parent and name in passed:
            return self.decide(parent.template, passed[name], environment)
        return declared[name].get("Default", {"Ref": name})

    def _holds(self, path: Path, condition: Any, environment: str) -> bool:
        if isinstance(condition, str):
            return self._holds(path, self.templates[path]["Conditions"][condition], environment)
        ((operator, operands),) = condition.items()
        if operator == "Condition":
            return self._holds(path, operands, environment)
        if operator == "Fn::Equals":
            left, right = (str(self.decide(path, operand, environment)) for operand in operands)
            return left == right
        held = (self._holds(path, operand, environment) for operand in operands)
        return {"Fn::Not": lambda: not next(held), "Fn::And": lambda: all(held), "Fn::Or": lambda: any(held)}[
            operator
        ]()

    # --- permissions --------------------------------------------------------------------------------------------

    def role_statements(self, role: Resource) -> list[Statement]:
        """What the role's inline policies, and policies attached to it in its template, allow."""
        documents = inline_documents(role) + [
            policy.written["PolicyDocument"]
            for policy in self.all("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
            if role in policy.targets(policy.written.get("Roles"))
        ]
        return [found for document in documents for found in statements(document)]

    def allows(self, role: Resource, action: str, target: Resource) -> bool:
        """Whether the role's own statements allow `action` on `target`, by name and not by wildcard."""
        return any(
            statement.effect == "Allow" and action in statement.actions and target in role.targets(statement.resources)
            for statement in self.role_statements(role)
        )
