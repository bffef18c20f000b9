"""A FIFO topic of a template orders by group on the way to its queue."""

import json

from tests.emulator.account import Account

TEMPLATE = """
    Resources:
      Topic:
        Type: AWS::SNS::Topic
        Properties:
          FifoTopic: true
          DisplayName: {name}
      Queue:
        Type: AWS::SQS::Queue
        Properties:
          FifoQueue: true
      Policy:
        Type: AWS::SQS::QueuePolicy
        Properties:
          Queues: [!Ref Queue]
          PolicyDocument:
            Statement:
              - Effect: Allow
                Principal: {{Service: sns.amazonaws.com}}
                Action: sqs:SendMessage
                Resource: !GetAtt Queue.Arn
                Condition: {{ArnEquals: {{aws:SourceArn: !Ref Topic}}}}
      Subscription:
        Type: AWS::SNS::Subscription
        Properties:
          TopicArn: !Ref Topic
          Protocol: sqs
          Endpoint: !GetAtt Queue.Arn
          RawMessageDelivery: true
    Outputs:
      Topic: {{Value: !Ref Topic}}
      Name: {{Value: !GetAtt Topic.TopicName}}
      Queue: {{Value: !Ref Queue}}
"""


def test_a_group_waits_for_its_message_in_flight_and_no_other_does(account: Account) -> None:
    stack = account.deploy(account.name("stack"), TEMPLATE.format(name="first"))
    assert stack["Topic"].endswith(".fifo")
    assert stack["Topic"].endswith(stack["Name"])
    for group, text in (("a", "1"), ("a", "2"), ("b", "1")):
        account.client("sns").publish(
            TopicArn=stack["Topic"], Message=text, MessageGroupId=group, MessageDeduplicationId=group + text
        )
    sqs = account.client("sqs")
    first = sqs.receive_message(QueueUrl=stack["Queue"], MaxNumberOfMessages=1, AttributeNames=["All"])["Messages"][0]
    assert (first["Body"], first["Attributes"]["MessageGroupId"]) == ("1", "a")
    (other,) = sqs.receive_message(QueueUrl=stack["Queue"], MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    assert (other["Body"], other["Attributes"]["MessageGroupId"]) == ("1", "b")


def test_a_repeated_message_is_dropped(account: Account) -> None:
    stack = account.deploy(account.name("stack"), TEMPLATE.format(name="first"))
    for _ in range(2):
        account.client("sns").publish(
            TopicArn=stack["Topic"], Message="1", MessageGroupId="a", MessageDeduplicationId="same"
        )
    assert [message["Body"] for message in account.receive(stack["Queue"])] == ["1"]
    assert account.receive(stack["Queue"]) == []


def test_an_update_keeps_the_topic(account: Account) -> None:
    name = account.name("stack")
    before = account.deploy(name, TEMPLATE.format(name="first"))
    after = account.deploy(name, TEMPLATE.format(name="second"))
    assert after == before
    attributes = account.client("sns").get_topic_attributes(TopicArn=after["Topic"])["Attributes"]
    assert (attributes["FifoTopic"], attributes["DisplayName"]) == ("true", "second")
    assert attributes["SubscriptionsConfirmed"] == "1", json.dumps(attributes)
