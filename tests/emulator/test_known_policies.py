"""What a role may do is known without reading its policies again, and a change of them counts at once."""

import json
from typing import Any

from emulator.fixes.known_policies import parse_once
from emulator.patching import module
from tests.emulator.account import Account

ASKING = """
    import boto3, os

    def handler(event, context):
        return "Attributes" in boto3.client("sqs").get_queue_attributes(
            QueueUrl=os.environ["QUEUE"], AttributeNames=["QueueArn"]
        )
"""
READ = {"Action": "sqs:GetQueueAttributes", "Resource": "*"}


def test_a_text_is_parsed_once() -> None:
    parse = module("core.iam_evaluator").parse_policy_document
    read: list[Any] = []

    def counting(doc: Any) -> Any:
        read.append(doc)
        return parse(doc)

    once = parse_once(counting)
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **READ}]}
    text = json.dumps(policy)
    assert once(text) == once(text) == once(policy) == parse(policy)
    assert read == [text, policy]


def test_a_policy_that_was_taken_away_or_given_counts_at_once(account: Account) -> None:
    queue = account.queue()
    function = account.function(ASKING, READ, QUEUE=queue)
    role = account.client("lambda").get_function_configuration(FunctionName=function)["Role"].rpartition("/")[2]
    iam = account.client("iam")
    for effect, kind in (("Allow", None), ("Deny", "Unhandled"), ("Allow", None)):
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": effect, **READ}]}
        iam.put_role_policy(RoleName=role, PolicyName="policy", PolicyDocument=json.dumps(policy))
        error, _answer = account.invoke(function)
        assert error == kind


def test_a_resource_policy_still_names_the_caller(account: Account) -> None:
    """A queue that lets nobody but one role in, by the role's own name."""
    queue = account.queue()
    inside, outside = (account.function(ASKING, READ, QUEUE=queue) for _ in range(2))
    roles = {
        function: account.client("lambda").get_function_configuration(FunctionName=function)["Role"]
        for function in (inside, outside)
    }
    refusing = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": {"AWS": roles[outside]},
                "Action": "sqs:*",
                "Resource": account.queue_arn(queue),
            }
        ],
    }
    account.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(refusing)})
    assert account.invoke(inside) == (None, True)
    error, _answer = account.invoke(outside)
    assert error == "Unhandled"
