"""A number in a template reaches the function as text."""

from tests.emulator.account import Account

TEMPLATE = """
    Resources:
      Function:
        Type: AWS::Lambda::Function
        Properties:
          Runtime: python3.13
          Handler: index.handler
          Role: {role}
          Code: {{ZipFile: "import os\\ndef handler(event, context): return [os.environ['N'], os.environ['B']]"}}
          Environment: {{Variables: {{N: {number}, B: true}}}}
    Outputs:
      Function: {{Value: !Ref Function}}
"""


def test_numbers_and_booleans_are_text(account: Account) -> None:
    stack, role = account.name("stack"), account.role()
    function = account.deploy(stack, TEMPLATE.format(role=role, number=3))["Function"]
    assert account.invoke(function) == (None, ["3", "true"])
    account.deploy(stack, TEMPLATE.format(role=role, number=4))
    assert account.invoke(function) == (None, ["4", "true"])
