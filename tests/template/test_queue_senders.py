"""Who may send to each queue, and through which policy. SAM connectors write most of these policies, so no template
shows them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.template.rules.queues import QUEUE, policies_of
from tests.template.tree import Resource, Tree, statements

EVENTS, SNS = "events.amazonaws.com", "sns.amazonaws.com"
ANYTHING = "anything"

CLICKSTREAM, KAFKA, NOTIFY, ORDER, PAYMENT = (
    f"services/{name}/template.yaml" for name in ("clickstream", "kafka", "notify", "order", "payment")
)
WORKFLOWS = "workflows/template.yaml"
UPDATES = f"{ORDER}:OrderUpdates"

# By template and queue: its policy, the service that the policy lets in, and the rules or topics it acts for.
SENDERS = {
    (CLICKSTREAM, "PurchasesQueue"): (
        "PurchasesRuleDeliveryQueuePolicyDestination0",
        EVENTS,
        [f"{CLICKSTREAM}:PurchasesRule"],
    ),
    (CLICKSTREAM, "PurchasesDeadLetters"): (
        "PurchasesRuleDeliveryQueuePolicyDestination1",
        EVENTS,
        [f"{CLICKSTREAM}:PurchasesRule"],
    ),
    (KAFKA, "BridgeQueue"): ("OrderUpdatesToBridgeQueuePolicyDestination0", SNS, [UPDATES]),
    (KAFKA, "BridgeDeadLetters"): ("OrderUpdatesToBridgeQueuePolicyDestination1", SNS, [UPDATES]),
    (NOTIFY, "EmailQueue"): ("OrderUpdatesToEmailQueuePolicyDestination0", SNS, [UPDATES]),
    (NOTIFY, "EmailDeadLetters"): ("OrderUpdatesToEmailQueuePolicyDestination1", SNS, [UPDATES]),
    (NOTIFY, "WebhookQueue"): ("OrderUpdatesToWebhookQueuePolicyDestination0", SNS, [UPDATES]),
    (NOTIFY, "WebhookDeadLetters"): ("OrderUpdatesToWebhookQueuePolicyDestination1", SNS, [UPDATES]),
    (NOTIFY, "OperatorsDeadLetters"): (
        "OperatorsDeadLettersPolicy",
        EVENTS,
        [f"{NOTIFY}:AttentionRule", f"{NOTIFY}:LowStockRule"],
    ),
    (ORDER, "CatalogueQueue"): ("CatalogueRuleDeliveryQueuePolicyDestination0", EVENTS, [f"{ORDER}:CatalogueRule"]),
    (ORDER, "CatalogueDeadLetters"): (
        "CatalogueRuleDeliveryQueuePolicyDestination1",
        EVENTS,
        [f"{ORDER}:CatalogueRule"],
    ),
    (ORDER, "AttentionQueue"): ("AttentionRuleDeliveryQueuePolicyDestination0", EVENTS, [f"{ORDER}:AttentionRule"]),
    (ORDER, "AttentionDeadLetters"): (
        "AttentionRuleDeliveryQueuePolicyDestination1",
        EVENTS,
        [f"{ORDER}:AttentionRule"],
    ),
    (ORDER, "TimelineQueue"): ("TimelineRuleDeliveryQueuePolicyDestination0", EVENTS, [f"{ORDER}:TimelineRule"]),
    (ORDER, "TimelineDeadLetters"): ("TimelineRuleDeliveryQueuePolicyDestination1", EVENTS, [f"{ORDER}:TimelineRule"]),
    (PAYMENT, "SettleQueue"): ("SettleRuleDeliveryQueuePolicyDestination0", EVENTS, [f"{PAYMENT}:SettleRule"]),
    (PAYMENT, "SettleDeadLetters"): ("SettleRuleDeliveryQueuePolicyDestination1", EVENTS, [f"{PAYMENT}:SettleRule"]),
    (WORKFLOWS, "DeadLetters"): (
        "DeadLettersPolicy",
        EVENTS,
        [f"{WORKFLOWS}:{name}" for name in ("CheckoutOrderPlaced", "CheckoutApproved", "ReviewHeld", "WakeDecided")],
    ),
}

TREE = Tree.of_project()
QUEUES = list(TREE.all(QUEUE))


def senders(queue: Resource) -> Iterator[tuple[str, str]]:
    """Pairs of a principal that may do something to the queue, and the source that it must act for. The source is
    ANYTHING where the statement is not exactly: this service may send to this queue when aws:SourceArn equals ARNs of
    the application."""
    for policy in policies_of(queue):
        for statement in statements(policy.written["PolicyDocument"]):
            (service,) = statement.services or [str(statement.principal)]
            arns = statement.condition.get("ArnEquals", {}).get("aws:SourceArn")
            sources = sorted(map(str, policy.targets(arns)))
            exact = (
                statement.effect == "Allow"
                and statement.principal == {"Service": service}
                and statement.actions == ["sqs:SendMessage"]
                and policy.targets(statement.resources) == {queue}
                and statement.condition == {"ArnEquals": {"aws:SourceArn": arns}}
                and len(sources) == (len(arns) if isinstance(arns, list) else 1)
            )
            yield from ((service, source) for source in (sources if exact else [ANYTHING]))


@pytest.mark.parametrize("queue", QUEUES, ids=str)
def test_nobody_but_its_sources_may_send_to_a_queue(queue: Resource) -> None:
    """Queues without a policy take messages only from roles of the account that their own policies allow to."""
    _, service, sources = SENDERS.get((str(queue.template), queue.name), ("", "", []))
    assert sorted(senders(queue)) == sorted((service, source) for source in sources)


@pytest.mark.parametrize("queue", QUEUES, ids=str)
def test_a_queue_s_policy_keeps_its_logical_id(queue: Resource) -> None:
    """An update deletes the policy of an old logical id after it has created the one of the new id. Deleting a queue
    policy takes away whatever policy the queue has, so the queue would be left without one, and events would be lost.
    The id changes with the name of a rule or a connector, and with the order of a connector's destinations."""
    policy, *_ = SENDERS.get((str(queue.template), queue.name), ("",))
    assert [found.name for found in policies_of(queue)] == ([policy] if policy else [])


def test_every_queue_with_senders_is_there() -> None:
    assert {(str(queue.template), queue.name) for queue in QUEUES} >= SENDERS.keys()


PLANTED = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Other: {Type: AWS::SQS::Queue}
  Rule: {Type: AWS::Events::Rule, Properties: {EventPattern: {source: [shop.order]}}}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Statement:
          - Effect: Allow
            Principal: %(principal)s
            Action: %(action)s
            Resource: %(resource)s
            Condition: %(condition)s
"""
NARROW = {
    "principal": f"{{Service: {EVENTS}}}",
    "action": "sqs:SendMessage",
    "resource": "!GetAtt Queue.Arn",
    "condition": "{ArnEquals: {aws:SourceArn: !GetAtt Rule.Arn}}",
}


def planted(**changed: str) -> list[tuple[str, str]]:
    tree = Tree.of_text(PLANTED % (NARROW | changed))
    return list(senders(next(found for found in tree.all(QUEUE) if found.name == "Queue")))


def test_a_policy_for_one_rule_lets_in_that_rule() -> None:
    assert planted() == [(EVENTS, f"{Path('planted.yaml')}:Rule")]


@pytest.mark.parametrize(
    "broader",
    [
        {"principal": '"*"'},
        {"principal": f"{{Service: {EVENTS}, AWS: '*'}}"},
        {"action": "sqs:*"},
        {"action": "[sqs:SendMessage, sqs:ReceiveMessage]"},
        {"resource": '"*"'},
        {"resource": "!GetAtt Other.Arn"},
        {"condition": "{}"},
        {"condition": "{ArnEquals: {aws:SourceArn: [!GetAtt Rule.Arn, arn:aws:events:us-east-1:111122223333:rule/x]}}"},
        {"condition": "{ArnLike: {aws:SourceArn: !GetAtt Rule.Arn}}"},
        {"condition": "{StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}}"},
    ],
    ids=str,
)
def test_a_broader_policy_lets_in_anything(broader: dict[str, str]) -> None:
    assert [source for _, source in planted(**broader)] == [ANYTHING]
