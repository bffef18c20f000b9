"""Checks what IAM allows to services that act on behalf of the stack: by their own role, or by a policy of the
target."""

from typing import Any

from emulator.patching import module


def role_allows(role_arn: str, action: str, resource: str) -> bool:
    """Whether the role's own policies allow this action."""
    evaluator = module("core.iam_evaluator")
    account, role = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    session = f"arn:aws:sts::{account}:assumed-role/{role}/service"
    context = _context(session, "AssumedRole", account, action, resource)
    return bool(evaluator.evaluate(context, evaluator._gather_role_policies(role, account)).decision == "Allow")


def service_allowed(policy: Any, service: str, action: str, resource: str, source_arn: str) -> bool:
    """Whether a resource's policy allows `service` (`events.amazonaws.com`) this action on behalf of `source_arn`."""
    evaluator = module("core.iam_evaluator")
    context = _context("*", "Service", "", action, resource)
    account = source_arn.split(":")[4]
    context.service_context = {"aws:sourcearn": source_arn, "aws:sourceaccount": account, "aws:sourceowner": account}
    return bool(evaluator.evaluate_resource_policy(policy, context, service=service).decision == "Allow")


def _context(principal: str, kind: str, account: str, action: str, resource: str) -> Any:
    return module("core.iam_evaluator").EvalContext(
        principal_arn=principal,
        principal_type=kind,
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=resource.split(":")[3] if resource.count(":") > 4 else "",
    )
