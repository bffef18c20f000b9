"""A template's reserved concurrency holds."""

import pytest
from botocore.config import Config

from emulator import lifecycle
from tests.emulator.account import Account

TEMPLATE = """
    Resources:
      Function:
        Type: AWS::Lambda::Function
        Properties:
          Runtime: python3.13
          Handler: index.handler
          Role: {role}
          Code: {{ZipFile: "def handler(event, context): return 1"}}
          {reserved}
    Outputs:
      Function: {{Value: !Ref Function}}
"""


def test_a_template_reserves_and_releases(account: Account) -> None:
    stack, role = account.name("stack"), account.role()
    functions = lifecycle.client(account.endpoint, "lambda", config=Config(retries={"total_max_attempts": 1}))
    reserved = "ReservedConcurrentExecutions: 0"
    function = account.deploy(stack, TEMPLATE.format(role=role, reserved=reserved))["Function"]
    with pytest.raises(functions.exceptions.TooManyRequestsException):
        functions.invoke(FunctionName=function)
    account.deploy(stack, TEMPLATE.format(role=role, reserved=""))
    assert account.invoke(function) == (None, 1)
