"""Templates name types that the emulator has nothing for, and read their attributes."""

from emulator.fixes import placeholders
from tests.emulator.account import Account


def test_every_placeholder_deploys_and_goes(account: Account) -> None:
    resources = "\n".join(
        f'          R{number}: {{Type: "{kind}"}}' for number, kind in enumerate(placeholders.TYPES, 1)
    )
    stack = account.name("stack")
    account.deploy(stack, f"        Resources:\n{resources}")
    assert len(account.resources(stack)) == len(placeholders.TYPES)
    account.deploy(stack, "        Resources:\n          Kept: {Type: AWS::SQS::Queue}")
    assert list(account.resources(stack)) == ["Kept"]


def test_a_schema_s_attributes_can_be_read(account: Account) -> None:
    template = """
        Resources:
          Registry: {Type: AWS::EventSchemas::Registry, Properties: {RegistryName: shop}}
          Schema:
            Type: AWS::EventSchemas::Schema
            Properties:
              RegistryName: !GetAtt Registry.RegistryName
              SchemaName: OrderPlaced
              Type: OpenApi3
              Content: "{}"
        Outputs:
          Registry: {Value: !Ref Registry}
          Schema: {Value: !GetAtt Schema.SchemaArn}
    """
    outputs = account.deploy(account.name("stack"), template)
    assert outputs["Registry"].endswith(":registry/shop")
    assert outputs["Schema"].endswith(":schema/shop/OrderPlaced")
