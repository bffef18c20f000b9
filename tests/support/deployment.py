"""Changing a deployed stack as an operator of it would: through CloudFormation and AWS's own switches."""

from botocore.exceptions import ClientError

from tests.support.eventually import until
from tests.support.shop import Shop


def switch_checkout(shop: Shop, kind: str) -> None:
    """Redeploys the stack with checkout as STANDARD or EXPRESS workflow; the same templates, another parameter."""
    cloudformation, name = shop.aws("cloudformation"), shop.stack.details.stack_name
    described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    parameters = [
        {"ParameterKey": parameter["ParameterKey"], "UsePreviousValue": True}
        for parameter in described["Parameters"]
        if parameter["ParameterKey"] != "CheckoutType"
    ]
    try:
        cloudformation.update_stack(
            StackName=name,
            UsePreviousTemplate=True,
            Parameters=[*parameters, {"ParameterKey": "CheckoutType", "ParameterValue": kind}],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
    until(
        lambda: cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"],
        lambda status: not status.endswith("IN_PROGRESS"),
        "a finished update",
    )
    # A workflow of another type is another resource.
    vars(shop.stack).pop("resources", None)
    machine = shop.aws("stepfunctions").describe_state_machine(
        stateMachineArn=shop.stack.resources["Workflows/Checkout"]
    )
    assert machine["type"] == kind
