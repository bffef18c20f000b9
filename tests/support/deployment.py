"""Changes a deployed stack as an operator would, through CloudFormation and AWS's own settings."""

from botocore.exceptions import ClientError

from tests.support.eventually import until
from tests.support.shop import RunningShop


def switch_checkout(shop: RunningShop, kind: str) -> None:
    """Redeploys the stack with checkout as a STANDARD or EXPRESS workflow."""
    redeploy(shop, CheckoutType=kind)
    machine = shop.aws("stepfunctions").describe_state_machine(
        stateMachineArn=shop.stack.resources["Workflows/Checkout"]
    )
    assert machine["type"] == kind


def redeploy(shop: RunningShop, **changed: str) -> None:
    """Deploys the same templates with other parameters."""
    cloudformation, name = shop.aws("cloudformation"), shop.stack.details.stack_name
    described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    parameters = [
        {"ParameterKey": parameter["ParameterKey"], "UsePreviousValue": True}
        for parameter in described["Parameters"]
        if parameter["ParameterKey"] not in changed
    ]
    try:
        cloudformation.update_stack(
            StackName=name,
            UsePreviousTemplate=True,
            Parameters=[
                *parameters,
                *({"ParameterKey": key, "ParameterValue": value} for key, value in changed.items()),
            ],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
    ended = until(
        lambda: cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"],
        lambda status: not status.endswith("IN_PROGRESS"),
        "a finished update",
    )
    assert ended in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    # Some resources have been replaced, for example a workflow of another type.
    vars(shop.stack).pop("resources", None)
