"""Every permission in the templates has a reason, and every reason has its permission: for each kind of deployment."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from deployed.permissions.grants import Grant
from deployed.permissions.reasons import Reasons, is_wide, reasons
from tests.iam.template_grants import VARIANTS, Need, deployment, granted, needed
from tools.deployment import Deployment
from tools.expand import Template, expand, templates


def problems(made: Deployment, given: Reasons) -> Iterator[str]:
    """What a deployment grants, or its definitions need, against what the file says."""
    grants, needs, why = granted(made), needed(made), given.why()
    said = {(role, kind, place) for role, kind, place in _said(given)}
    yield from (f"nothing needs {grant}" for grant in sorted(grants - why.keys()))
    yield from (f"{grant} is a pattern without a reason" for grant in sorted(grants) if _unexplained(grant, given))
    yield from (f"{_line(need)} is needed, and permissions.yaml does not say so" for need in sorted(needs - said))
    for role, kind, place in sorted(needs & said):
        condition = given.roles[role].conditions
        for grant in given.integrations[kind].grants(role, place):
            wanted = Grant(grant.role, grant.action, grant.resource, condition.get(grant.action, ""))
            if wanted not in grants:
                yield f"{_line((role, kind, place))} lacks {wanted}"
    # Of an integration that this deployment does not have, nothing may be left.
    idle = {grant for role, kind, place in said - needs for grant in given.integrations[kind].grants(role, place)}
    due = {grant for role, kind, place in needs & said for grant in given.integrations[kind].grants(role, place)}
    left = (idle - due - {_bare(call) for call in given.calls()}) & {_bare(grant) for grant in grants}
    yield from (f"{grant} is for an integration that is not there" for grant in sorted(left))


def _said(given: Reasons) -> Iterator[Need]:
    for path, role in given.roles.items():
        for kind, places in role.integrations():
            yield from ((path, kind, place) for place in places)


def _bare(grant: Grant) -> Grant:
    return Grant(grant.role, grant.action, grant.resource)


def _unexplained(grant: Grant, given: Reasons) -> bool:
    return is_wide(grant) and given.wildcard(grant) is None


def _line(need: Need) -> str:
    role, kind, place = need
    return f"{role}: {kind} {place}"


def everything() -> list[Deployment]:
    return [deployment(variant) for variant in VARIANTS]


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_permission_is_needed_and_each_need_is_permitted(variant: str) -> None:
    assert list(problems(deployment(variant), reasons())) == []


def test_the_deployments_have_every_resource_of_every_template() -> None:
    written = {(str(path), name) for path in templates() for name in expand(path)["Resources"]}
    made = {(str(found.template), found.logical_id) for each in everything() for found in each.resources}
    assert {(path, name) for path, name in written - made if not name.startswith("ApiDeployment")} == set()


def test_the_file_says_nothing_that_no_deployment_has() -> None:
    given, made = reasons(), everything()
    grants = {grant for each in made for grant in granted(each)}
    needs = {need for each in made for need in needed(each)}
    assert sorted(map(str, given.why().keys() - grants)) == []
    assert sorted(map(_line, set(_said(given)) - needs)) == []
    assert {wildcard for wildcard in given.wildcards if not any(map(wildcard.covers, grants))} == set()
    assert given.integrations.keys() == {kind for _role, kind, _place in needs}


def test_a_call_is_not_also_a_need() -> None:
    """Otherwise nobody would notice that it is no longer made."""
    assert sorted(map(str, reasons().calls() & reasons().needs().keys())) == []


# --- planted faults -----------------------------------------------------------------------------------------------

ORDER, CLICKS, NOTIFY = (Path(f"services/{name}/template.yaml") for name in ("order", "clickstream", "notify"))
FLOWS = Path("workflows/template.yaml")
ORDERS = {"Fn::GetAtt": ["Orders", "Arn"]}

type Change = Callable[[Template], object]


def _role(template: Template, role: str) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = template["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"][
        "Statement"
    ]
    return statements


def _allow(action: str, resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


PLANTS: dict[str, tuple[Path, Change, str]] = {
    "one action more": (
        ORDER,
        lambda it: _role(it, "GetRole").append(_allow("dynamodb:DeleteItem", ORDERS)),
        "nothing needs Order/GetRole: dynamodb:DeleteItem on Order/Orders",
    ),
    "another table": (
        ORDER,
        lambda it: _role(it, "GetRole").append(_allow("dynamodb:GetItem", {"Fn::GetAtt": ["Timeline", "Arn"]})),
        "nothing needs Order/GetRole: dynamodb:GetItem on Order/Timeline",
    ),
    "an action by a pattern": (
        ORDER,
        lambda it: _role(it, "GetRole").append(_allow("dynamodb:Get*", ORDERS)),
        "Order/GetRole: dynamodb:Get* on Order/Orders is a pattern without a reason",
    ),
    "every resource": (
        ORDER,
        lambda it: _role(it, "GetRole").append(_allow("dynamodb:GetItem", "*")),
        "Order/GetRole: dynamodb:GetItem on * is a pattern without a reason",
    ),
    "a managed policy": (
        ORDER,
        lambda it: it["Resources"]["GetRole"]["Properties"]["ManagedPolicyArns"].append(
            "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"
        ),
        "nothing needs Order/GetRole: policy:AmazonDynamoDBFullAccess on *",
    ),
    "a condition less": (
        NOTIFY,
        lambda it: it["Resources"]["EmailRole"]["Properties"]["Policies"][1]["Fn::If"][1]["PolicyDocument"][
            "Statement"
        ][0].pop("Condition"),
        "nothing needs Notify/EmailRole: ses:SendEmail on ses:identity/*",
    ),
    "a workflow that may invoke one function more": (
        FLOWS,
        lambda it: _role(it, "WakeRole").append(_allow("lambda:InvokeFunction", {"Ref": "AwaitReviewArn"})),
        "nothing needs Workflows/WakeRole: lambda:InvokeFunction on Order/AwaitReview",
    ),
    "a workflow that may not invoke what it calls": (
        FLOWS,
        lambda it: _role(it, "CheckoutRole")[0]["Resource"].pop(),
        "Workflows/CheckoutRole: task: function Order/Reject lacks",
    ),
    "a workflow that may not wake": (
        FLOWS,
        lambda it: _role(it, "WakeRole").pop(1),
        "Workflows/WakeRole: task: wake Workflows/Review lacks",
    ),
    "a rule that may start another workflow": (
        FLOWS,
        lambda it: _role(it, "ReviewHeldRole").append(_allow("states:StartExecution", {"Ref": "Checkout"})),
        "nothing needs Workflows/ReviewHeldRole: states:StartExecution on Workflows/Checkout",
    ),
    "a reader that may not see its queue": (
        ORDER,
        lambda it: _role(it, "RecordTimelineRole")[1]["Action"].remove("sqs:ReceiveMessage"),
        "Order/RecordTimelineRole: queue reader Order/TimelineQueue lacks",
    ),
    "a stream reader without a place for what it gives up": (
        ORDER,
        lambda it: it["Resources"]["RelayStream"]["Properties"].pop("DestinationConfig"),
        "Order/RelayRole: s3:PutObject on FailureBucket/* is for an integration that is not there",
    ),
    "a delivery that may not write": (
        CLICKS,
        lambda it: _role(it, "DeliveryRole")[2]["Action"].remove("s3:PutObject"),
        "Clickstream/DeliveryRole: Firehose destination Clickstream/RawClicks lacks",
    ),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_fault_is_found(plant: str) -> None:
    path, change, expected = PLANTS[plant]
    changed = {name: expand(name) for name in templates()}
    changed[path] = deepcopy(changed[path])
    change(changed[path])
    found = list(problems(Deployment(changed, "shop", VARIANTS["everything"]), reasons()))
    assert any(expected in problem for problem in found), found


def test_a_reason_that_is_no_longer_needed_is_found() -> None:
    """A permission of a call, removed from the template: its line in the file stays behind."""
    changed = {name: expand(name) for name in templates()}
    changed[ORDER] = deepcopy(changed[ORDER])
    _role(changed[ORDER], "GetRole").clear()
    left = reasons().why().keys() - granted(Deployment(changed, "shop", VARIANTS["everything"]))
    assert Grant("Order/GetRole", "dynamodb:GetItem", "Order/Orders") in left
