"""A state machine written in YAML runs, and catches a Python exception by name."""

import json

from tests.emulator.account import Account

DEFINITION = """
    QueryLanguage: JSONata
    StartAt: Reserve
    States:
      Reserve:
        Type: Task
        Resource: ${Function}
        Catch: [{ErrorEquals: [OutOfStock], Next: Rejected}]
        End: true
      Rejected: {Type: Pass, Output: "{% 'rejected' %}", End: true}
"""
STACK = """
    Resources:
      Machine:
        Type: AWS::StepFunctions::StateMachine
        Properties:
          RoleArn: %s
          DefinitionS3Location: {Bucket: %s, Key: %s}
          DefinitionSubstitutions: {Function: %s}
    Outputs:
      Machine: {Value: !Ref Machine}
"""


def test_yaml_runs(account: Account) -> None:
    function = account.function("class OutOfStock(Exception): pass\ndef handler(e, c): raise OutOfStock()")
    bucket, key = account.put_template(DEFINITION).removeprefix("s3://").split("/", 1)
    role = account.role({"Action": "lambda:InvokeFunction", "Resource": "*"})
    machine = account.deploy(account.name("stack"), STACK % (role, bucket, key, account.arn(function)))["Machine"]
    execution = account.run(machine)
    assert (execution["status"], json.loads(execution["output"])) == ("SUCCEEDED", "rejected")
