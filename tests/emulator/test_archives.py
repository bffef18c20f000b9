"""Archives in templates are real ones."""

import json
from datetime import UTC, datetime, timedelta

from tests.emulator.account import Account

TEMPLATE = """
    Resources:
      Bus: {Type: AWS::Events::EventBus, Properties: {Name: %(name)s}}
      Archive:
        Type: AWS::Events::Archive
        Properties:
          SourceArn: !GetAtt Bus.Arn
          RetentionDays: %(days)d
          EventPattern: {source: [shop.order]}
      Queue: {Type: AWS::SQS::Queue}
      QueuePolicy:
        Type: AWS::SQS::QueuePolicy
        Properties:
          Queues: [!Ref Queue]
          PolicyDocument:
            Statement:
              - {Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: "sqs:SendMessage", Resource: "*"}
      Rule:
        Type: AWS::Events::Rule
        Properties:
          EventBusName: !Ref Bus
          EventPattern: {source: [shop.order]}
          Targets: [{Id: queue, Arn: !GetAtt Queue.Arn}]
    Outputs:
      Archive: {Value: !Ref Archive}
      ArchiveArn: {Value: !GetAtt Archive.Arn}
      BusArn: {Value: !GetAtt Bus.Arn}
      Queue: {Value: !Ref Queue}
"""


def test_an_archive_replays_what_passed_the_bus(account: Account) -> None:
    events, stack, bus = account.client("events"), account.name("stack"), account.name("bus")
    outputs = account.deploy(stack, TEMPLATE % {"name": bus, "days": 1})
    entry = {"EventBusName": bus, "DetailType": "OrderPlaced", "Detail": '{"n": 1}'}
    events.put_events(Entries=[{**entry, "Source": "shop.order"}, {**entry, "Source": "shop.other"}])
    assert len(account.eventually(lambda: account.receive(outputs["Queue"]))) == 1
    now = datetime.now(UTC)
    events.start_replay(
        ReplayName=account.name("replay"),
        EventSourceArn=outputs["ArchiveArn"],
        EventStartTime=now - timedelta(hours=1),
        EventEndTime=now + timedelta(hours=1),
        Destination={"Arn": outputs["BusArn"]},
    )
    (message,) = account.eventually(lambda: account.receive(outputs["Queue"]))
    assert "replay-name" in json.loads(message["Body"])


def test_updates_and_deletion_reach_it(account: Account) -> None:
    events, stack, bus = account.client("events"), account.name("stack"), account.name("bus")
    outputs = account.deploy(stack, TEMPLATE % {"name": bus, "days": 1})
    account.deploy(stack, TEMPLATE % {"name": bus, "days": 9})
    assert events.describe_archive(ArchiveName=outputs["Archive"])["RetentionDays"] == 9
    account.deploy(stack, f"Resources: {{Bus: {{Type: AWS::Events::EventBus, Properties: {{Name: {bus}}}}}}}")
    names = [archive["ArchiveName"] for archive in events.list_archives()["Archives"]]
    assert outputs["Archive"] not in names
