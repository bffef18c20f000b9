"""A replay goes to the rules that it names, and to no other."""

import json
from datetime import UTC, datetime, timedelta

from tests.emulator.account import Account

TEMPLATE = """
    Resources:
      Bus: {Type: AWS::Events::EventBus, Properties: {Name: %(name)s}}
      Archive: {Type: AWS::Events::Archive, Properties: {SourceArn: !GetAtt Bus.Arn}}
      One: {Type: AWS::SQS::Queue}
      Other: {Type: AWS::SQS::Queue}
      Policy:
        Type: AWS::SQS::QueuePolicy
        Properties:
          Queues: [!Ref One, !Ref Other]
          PolicyDocument:
            Statement:
              - {Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: "sqs:SendMessage", Resource: "*"}
      OneRule:
        Type: AWS::Events::Rule
        Properties:
          EventBusName: !Ref Bus
          EventPattern: {source: [shop.order]}
          Targets: [{Id: queue, Arn: !GetAtt One.Arn}]
      OtherRule:
        Type: AWS::Events::Rule
        Properties:
          EventBusName: !Ref Bus
          EventPattern: {source: [shop.order]}
          Targets: [{Id: queue, Arn: !GetAtt Other.Arn}]
    Outputs:
      ArchiveArn: {Value: !GetAtt Archive.Arn}
      BusArn: {Value: !GetAtt Bus.Arn}
      OneRuleArn: {Value: !GetAtt OneRule.Arn}
      One: {Value: !Ref One}
      Other: {Value: !Ref Other}
"""


def test_a_replay_to_one_rule_reaches_no_other(account: Account) -> None:
    events, bus = account.client("events"), account.name("bus")
    outputs = account.deploy(account.name("stack"), TEMPLATE % {"name": bus})
    entry = {"EventBusName": bus, "Source": "shop.order", "DetailType": "OrderPlaced", "Detail": '{"n": 1}'}
    events.put_events(Entries=[entry])
    for queue in ("One", "Other"):
        assert len(account.eventually(lambda queue=queue: account.receive(outputs[queue]))) == 1  # type: ignore[misc]
    now, replay = datetime.now(UTC), account.name("replay")
    events.start_replay(
        ReplayName=replay,
        EventSourceArn=outputs["ArchiveArn"],
        EventStartTime=now - timedelta(hours=1),
        EventEndTime=now + timedelta(hours=1),
        Destination={"Arn": outputs["BusArn"], "FilterArns": [outputs["OneRuleArn"]]},
    )
    account.eventually(lambda: events.describe_replay(ReplayName=replay)["State"] == "COMPLETED")
    (message,) = account.receive(outputs["One"])
    assert json.loads(message["Body"])["replay-name"] == replay
    assert account.receive(outputs["Other"]) == []
