"""The account that the tests of the embedded AWS share, with what they need to say in one line."""

import io
import json
import textwrap
import time
import zipfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from emulator import lifecycle
from emulator.lifecycle import Running

# Looking costs the processor that does the work: the longer it has taken, the longer the pause.
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, PAUSE_SHARE = 0.02, 0.2, 0.1
ROLE = "arn:aws:iam::000000000000:role/"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_numbers = count(1)


class Account:
    """The empty AWS account that the tests share: every test makes what it needs, under names of its own."""

    def __init__(self, running: Running, folder: Path) -> None:
        self.running, self.endpoint, self.port, self.folder = running, running.endpoint, running.port, folder
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        return self._clients.setdefault(service, lifecycle.client(self.running, service))

    def name(self, what: str = "thing") -> str:
        return f"{what}-{next(_numbers)}"

    def eventually[T](self, condition: Callable[[], T], within: float = 10.0) -> T:
        """The condition's first true value."""
        began = time.monotonic()
        while True:
            value = condition()
            if value:
                return value
            waited = time.monotonic() - began
            assert waited < within, f"not within {within} s: {value!r}"
            time.sleep(min(max(SHORTEST_PAUSE_SECONDS, PAUSE_SHARE * waited), LONGEST_PAUSE_SECONDS))

    def role(self, *statements: dict[str, Any]) -> str:
        name = self.name("role")
        iam = self.client("iam")
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        if statements:
            policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}
            iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=json.dumps(policy))
        return ROLE + name

    def function(self, code: str, *statements: dict[str, Any], **environment: str) -> str:
        """A function of this source, whose role allows these statements."""
        name = self.name("function")
        self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="index.handler",
            Role=self.role(*statements),
            Code={"ZipFile": package(code)},
            Timeout=10,
            Environment={"Variables": environment},
        )
        return name

    def invoke(self, function: str, event: object = None) -> tuple[str | None, Any]:
        """The kind of error, if any, and the payload."""
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        return answer.get("FunctionError"), json.loads(answer["Payload"].read())

    def queue(self, **attributes: str) -> str:
        """The URL of a new queue."""
        url: str = self.client("sqs").create_queue(QueueName=self.name("queue"), Attributes=attributes)["QueueUrl"]
        return url

    def queue_arn(self, url: str) -> str:
        attributes = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn: str = attributes["Attributes"]["QueueArn"]
        return arn

    def receive(self, url: str) -> list[dict[str, Any]]:
        """What is in the queue; it is taken out."""
        sqs = self.client("sqs")
        messages: list[dict[str, Any]] = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return messages

    def table(self, *, stream: bool = True) -> tuple[str, str]:
        """A table with key `id`: its name and its stream's ARN."""
        name = self.name("table")
        description = self.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
            if stream
            else {"StreamEnabled": False},
        )["TableDescription"]
        return name, description.get("LatestStreamArn", "")

    def file(self, what: str) -> Path:
        """An empty file. Functions run on this machine: what they write there, a test can read at once."""
        path = self.folder / self.name(what)
        path.touch()
        return path

    def arn(self, function: str) -> str:
        return f"arn:aws:lambda:us-east-1:000000000000:function:{function}"

    def run(self, machine: str, data: object = None) -> dict[str, Any]:
        """Execute the state machine; how it ended."""
        machines = self.client("stepfunctions")
        started = machines.start_execution(stateMachineArn=machine, input=json.dumps(data))["executionArn"]

        def ended() -> Any:
            execution = machines.describe_execution(executionArn=started)
            return None if execution["status"] == "RUNNING" else execution

        return dict(self.eventually(ended))

    def integration(self, function: str) -> dict[str, Any]:
        """An operation of an API that this function answers."""
        path = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{self.arn(function)}/invocations"
        return {"x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": path}}

    def open_to_apis(self, function: str) -> None:
        self.client("lambda").add_permission(
            FunctionName=function,
            StatementId="api",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
        )

    def api(self, document: dict[str, Any], stack: str = "") -> str:
        """Deploy an API of this OpenAPI document; its URL."""
        template = {
            "Transform": "AWS::Serverless-2016-10-31",
            "Resources": {
                "Api": {
                    "Type": "AWS::Serverless::Api",
                    "Properties": {
                        "StageName": "v1",
                        "DefinitionBody": {"openapi": "3.0.1", "info": {"title": "shop", "version": "1"}, **document},
                    },
                }
            },
            "Outputs": {"Api": {"Value": {"Ref": "Api"}}},
        }
        outputs = self.deploy(stack or self.name("stack"), json.dumps(template))
        return f"{self.endpoint}/restapis/{outputs['Api']}/v1/_user_request_"

    def put_layer(self, code: str) -> str:
        """Upload a layer with the module `kit`; its S3 URI."""
        return self._upload("layer.zip", package(code, "python/kit.py"))

    def put_template(self, body: str, name: str = "template.yaml") -> str:
        """Upload a text; its S3 URI."""
        return self._upload(name, textwrap.dedent(body).encode())

    def _upload(self, name: str, body: bytes) -> str:
        self.client("s3").create_bucket(Bucket="artifacts")
        key = f"{self.name('upload')}/{name}"
        self.client("s3").put_object(Bucket="artifacts", Key=key, Body=body)
        return f"s3://artifacts/{key}"

    def deploy(self, name: str, template: str, **parameters: str) -> dict[str, str]:
        """Create the stack or update it to this template; its outputs."""
        cloudformation = self.client("cloudformation")
        arguments = {
            "StackName": name,
            "TemplateBody": textwrap.dedent(template),
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        }
        exists = any(stack["StackName"] == name for stack in cloudformation.describe_stacks()["Stacks"])
        operation = cloudformation.update_stack if exists else cloudformation.create_stack
        operation(**arguments)

        def settled() -> Any:
            stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

        stack = self.eventually(settled, within=20)
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        reasons = [each["ResourceStatusReason"] for each in events if each["ResourceStatus"].endswith("_FAILED")]
        assert stack["StackStatus"] == ("UPDATE_COMPLETE" if exists else "CREATE_COMPLETE"), reasons
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def resources(self, stack: str) -> dict[str, str]:
        """Physical ids by logical id."""
        listed = self.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}


def package(code: str, path: str = "index.py") -> bytes:
    """A zip file with one module."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr(path, textwrap.dedent(code))
    return archive.getvalue()
