"""Nested applications deploy, update, stay and go as on AWS."""

from tests.emulator.account import Account

ROOT = """
    Resources:
      Child:
        Type: AWS::CloudFormation::Stack
        Properties:
          TemplateURL: {url}
          Parameters: {{Greeting: {greeting}, Retention: "7"}}
      {more}
    Outputs:
      Function: {{Value: !GetAtt Child.Outputs.Function}}
      Grandchild: {{Value: !GetAtt Child.Outputs.Grandchild}}
"""
CHILD = """
    Transform: AWS::Serverless-2016-10-31
    Parameters:
      Greeting: {{Type: String}}
      Retention: {{Type: Number}}
    Resources:
      Hello:
        Type: AWS::Serverless::Function
        Properties:
          Runtime: python3.13
          Handler: index.handler
          InlineCode: |
            import os
            def handler(event, context): return os.environ["GREETING"] + "{mark}"
          Environment:
            Variables:
              Fn::Transform: {{Name: AWS::Include, Parameters: {{Location: {variables}}}}}
      Grand: {{Type: "AWS::CloudFormation::Stack", Properties: {{TemplateURL: "{grandchild}"}}}}
      {more}
    Outputs:
      Function: {{Value: !Ref Hello}}
      Grandchild: {{Value: !GetAtt Grand.Outputs.Queue}}
"""
GRANDCHILD = """
    Transform: AWS::Serverless-2016-10-31
    Resources:
      Queue: {Type: AWS::SQS::Queue}
    Outputs:
      Queue: {Value: !GetAtt Queue.QueueName}
"""


def url(account: Account, uri: str) -> str:
    return f"{account.endpoint}/{uri.removeprefix('s3://')}"


def test_a_nested_application_lives_through_its_updates(account: Account) -> None:
    variables = account.put_template("GREETING: {Ref: Greeting}", "variables.yaml")
    grandchild = url(account, account.put_template(GRANDCHILD))

    def child(mark: str = "", more: str = "") -> str:
        body = CHILD.format(variables=variables, grandchild=grandchild, mark=mark, more=more)
        return url(account, account.put_template(body))

    stack, first = account.name("stack"), child()
    outputs = account.deploy(stack, ROOT.format(url=first, greeting="hello", more=""))
    assert account.invoke(outputs["Function"]) == (None, "hello"), "the parent's parameter, through an included file"

    # The root changes, the child does not: it keeps its outputs, and its function keeps working.
    queue = "Queue: {Type: AWS::SQS::Queue}"
    same = account.deploy(stack, ROOT.format(url=first, greeting="hello", more=queue))
    assert same == outputs

    # The child changes, the grandchild does not: its output is still there.
    added = child("!", more="Extra: {Type: AWS::SQS::Queue}")
    assert account.deploy(stack, ROOT.format(url=added, greeting="bye", more="")) == outputs
    account.eventually(lambda: account.invoke(outputs["Function"]) == (None, "bye!"))
    nested = account.resources(stack)["Child"]
    assert "Extra" in account.resources(nested)

    # What the child no longer names is deleted.
    extra = account.resources(nested)["Extra"]
    account.deploy(stack, ROOT.format(url=child(), greeting="bye", more=""))
    assert "Extra" not in account.resources(nested)
    assert extra not in account.client("sqs").list_queues().get("QueueUrls", [])


def test_parameters_reach_the_transform(account: Account) -> None:
    """SAM itself reads some properties, a layer's retention among them: it must see the parameter's value."""
    template = """
        Transform: AWS::Serverless-2016-10-31
        Parameters:
          Keep: {Type: String, Default: Retain}
        Resources:
          Layer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: "%s", RetentionPolicy: !Ref Keep}}
    """
    stack = account.name("stack")
    account.deploy(stack, template % account.put_layer("x = 1"), Keep="Delete")
    processed = account.client("cloudformation").get_template(StackName=stack, TemplateStage="Processed")
    (layer,) = processed["TemplateBody"]["Resources"].values()
    assert layer["DeletionPolicy"] == "Delete"


def test_a_redeployed_function_runs_the_new_code_and_layer(account: Account) -> None:
    template = """
        Transform: AWS::Serverless-2016-10-31
        Resources:
          Layer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: "%s"}}
          Function:
            Type: AWS::Serverless::Function
            Properties:
              Runtime: python3.13
              Handler: index.handler
              InlineCode: "import kit\\ndef handler(event, context): return [kit.x, %d]"
              Layers: [!Ref Layer]
        Outputs:
          Function: {Value: !Ref Function}
    """
    stack = account.name("stack")
    function = account.deploy(stack, template % (account.put_layer("x = 1"), 1))["Function"]
    assert account.invoke(function) == (None, [1, 1])
    account.deploy(stack, template % (account.put_layer("x = 2"), 1))
    assert account.invoke(function) == (None, [2, 1])
    account.deploy(stack, template % (account.put_layer("x = 2"), 2))
    assert account.invoke(function)[1][1] == 2
