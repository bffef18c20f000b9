"""A parameter that decides only whether a resource is there changes the stack."""

from textwrap import dedent

import pytest

from tests.emulator.account import Account

TEMPLATE = """
    Parameters:
      Topic: {Type: String}
    Conditions:
      HasTopic: !Equals [!Ref Topic, "ON"]
    Resources:
      Queue: {Type: AWS::SQS::Queue}
      Topic: {Type: AWS::SNS::Topic, Condition: HasTopic}
"""


@pytest.mark.parametrize(("before", "after", "action"), [("ON", "OFF", "Remove"), ("OFF", "ON", "Add")])
def test_a_condition_that_changes_is_a_change(account: Account, before: str, after: str, action: str) -> None:
    cloudformation, stack = account.client("cloudformation"), account.name("stack")

    def change_set(kind: str, topic: str) -> list[tuple[str, str]]:
        name = account.name("change")
        cloudformation.create_change_set(
            StackName=stack,
            ChangeSetName=name,
            ChangeSetType=kind,
            TemplateBody=dedent(TEMPLATE),
            Parameters=[{"ParameterKey": "Topic", "ParameterValue": topic}],
        )
        found = cloudformation.describe_change_set(StackName=stack, ChangeSetName=name)
        changes = [change["ResourceChange"] for change in found["Changes"]]
        if changes:
            cloudformation.execute_change_set(StackName=stack, ChangeSetName=name)
            cloudformation.get_waiter(f"stack_{kind.lower()}_complete").wait(
                StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )
        return [(change["Action"], change["LogicalResourceId"]) for change in changes]

    change_set("CREATE", before)
    assert change_set("UPDATE", after) == [(action, "Topic")]
    held = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    there = {each["LogicalResourceId"] for each in held if each["ResourceStatus"] != "DELETE_COMPLETE"}
    assert ("Topic" in there) == (after == "ON")
    assert change_set("UPDATE", after) == []
