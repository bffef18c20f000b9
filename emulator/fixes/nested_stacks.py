"""Nested applications: child templates that still need their transforms, and updates of grandchildren.

AWS: a nested stack's template may itself declare `AWS::Serverless-2016-10-31` and use `AWS::Include`; CloudFormation
runs the macros per stack, with the parameter values that the parent passes (CloudFormation User Guide, "Overview of
CloudFormation macros"; AWS SAM Developer Guide, "Reuse code with nested applications"). A nested stack that an update
leaves alone keeps its outputs.
Emulator: runs macros for root stacks only and with the parameters' defaults, so a child's `AWS::Serverless::*` types
are refused; a grandchild that an update leaves alone loses its attributes.
Fix: expand a child's template when its nested stack is deployed; hand the operation's parameter values to SAM; look up
the recorded attributes of an unchanged resource.
Goes when: MiniStack expands nested templates, passes parameters to the SAM transform and keeps unchanged attributes.
"""

from contextvars import ContextVar
from typing import Any

from emulator.patching import Mismatch, module, original

Parameters = list[dict[str, str]]
# What the parent passes, from the start of a nested deployment until its template is parsed.
_child: ContextVar[Parameters | None] = ContextVar("parameters of the nested stack being parsed", default=None)
_values: ContextVar[dict[str, str]] = ContextVar("parameter values of the template being expanded")


def apply() -> None:
    engine = module("services.cloudformation.engine")
    provisioners = module("services.cloudformation.provisioners")
    _expand_children(engine, provisioners)
    _parameters_reach_sam(engine)
    _keep_unchanged_attributes(provisioners)


def _expand_children(engine: Any, provisioners: Any) -> None:
    parse = original(engine, "_parse_template", "template_body")
    deploy = original(
        provisioners,
        "_cfn_nested_stack_deploy",
        "logical_id props parent_stack_name previous_physical_id previous_props",
    )

    def parse_template(template_body: str) -> Any:
        template, parameters = parse(template_body), _child.get()
        if parameters is None:
            return template
        _child.set(None)
        expanded = engine._apply_transforms(template, parameters)
        if isinstance(expanded, engine._TransformFailed):
            raise ValueError(expanded.error)  # noqa: TRY004 - what CloudFormation reports
        return expanded

    def deploy_child(logical_id: str, props: dict[str, Any], parent: str, **previous: Any) -> Any:
        passed = props.get("Parameters") or {}
        token = _child.set([{"Key": key, "Value": str(value)} for key, value in passed.items()])
        try:
            return deploy(logical_id, props, parent, **previous)
        finally:
            _child.reset(token)

    engine._parse_template = parse_template
    provisioners._cfn_nested_stack_deploy = deploy_child


def _parameters_reach_sam(engine: Any) -> None:
    try:
        from samtranslator.translator import transform as sam  # noqa: PLC0415 - part of what is checked at start-up
    except ImportError as error:
        raise Mismatch("aws-sam-translator is not installed") from error
    expand = original(engine, "_apply_transforms", "template provided_params previous_params")
    translate = sam.transform

    def apply_transforms(template: Any, provided_params: Any = None, previous_params: Any = None) -> Any:
        token = _values.set(engine._transform_parameters(template, provided_params, previous_params))
        try:
            return expand(template, provided_params, previous_params)
        finally:
            _values.reset(token)

    def transform(template: Any, _parameters: Any, policies: Any, **options: Any) -> Any:
        return translate(template, dict(_values.get({})), policies, **options)

    sam.transform = transform
    for user in (engine, module("services.cloudformation.handlers"), module("services.cloudformation.changesets")):
        original(user, "_apply_transforms", "template provided_params previous_params")
        user._apply_transforms = apply_transforms


def _keep_unchanged_attributes(provisioners: Any) -> None:
    update = original(
        provisioners,
        "_update_resource",
        "resource_type physical_id old_props new_props stack_name logical_id old_attrs",
    )
    stacks = module("services.cloudformation")._stacks

    def update_resource(
        kind: str, physical_id: str, old: Any, new: Any, stack_name: str, *rest: Any, **named: Any
    ) -> Any:
        details = dict(zip(("logical_id", "old_attrs"), rest, strict=False)) | named
        if details.get("old_attrs") is None:
            resources = (stacks.get(stack_name) or {}).get("_resources", {})
            recorded = resources.get(details.get("logical_id")) or {}
            details["old_attrs"] = recorded.get("Attributes")
        return update(kind, physical_id, old, new, stack_name, **details)

    provisioners._update_resource = update_resource
