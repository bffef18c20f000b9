"""Poison: something that no consumer can read, put where the shop's own messages travel."""

import uuid
from typing import Any

from deployed.errors import CommandError
from deployed.experiments.model import Poison
from deployed.stack import Stack

TEXT = "poison: nobody can read this"
KAFKA = "kafka:"
_SECONDS = 30.0


def poison(stack: Stack, deed: Poison) -> None:
    """Raises CommandError if the place is of a kind that takes no messages."""
    if deed.poison.startswith(KAFKA):
        _into_topic(stack, deed.poison.removeprefix(KAFKA))
        return
    kinds = {"AWS::SQS::Queue": _into_queue, "AWS::Kinesis::Stream": _into_stream, "AWS::DynamoDB::Table": _into_table}
    for kind, put in kinds.items():
        if any(found.path == deed.poison for found in stack.resources.of_type(kind)):
            put(stack, stack.resources[deed.poison], deed)
            return
    raise CommandError(f"{deed.poison} is no queue, stream or table of this stack.")


def _into_queue(stack: Stack, url: str, deed: Poison) -> None:
    fifo: dict[str, Any] = (
        {"MessageGroupId": deed.group or "poison", "MessageDeduplicationId": uuid.uuid4().hex}
        if url.endswith(".fifo")
        else {}
    )
    stack.client("sqs").send_message(QueueUrl=url, MessageBody=TEXT, **fifo)


def _into_stream(stack: Stack, name: str, _deed: Poison) -> None:
    stack.client("kinesis").put_record(StreamName=name, Data=TEXT.encode(), PartitionKey="poison")


def _into_table(stack: Stack, name: str, _deed: Poison) -> None:
    """A row that is no order. It is deleted at once, because only the table's stream shall carry it."""
    dynamodb, key = stack.client("dynamodb"), {"pk": {"S": f"order#poison-{uuid.uuid4().hex[:8]}"}}
    dynamodb.put_item(TableName=name, Item={**key, "version": {"S": "none"}})
    dynamodb.delete_item(TableName=name, Key=key)


def _into_topic(stack: Stack, topic: str) -> None:
    # Imported only here: a shop without Kafka needs no client.
    from confluent_kafka import Producer  # noqa: PLC0415

    producer = Producer({"bootstrap.servers": _brokers(stack), "log_level": 3})
    producer.produce(topic, TEXT.encode(), "poison")
    if producer.flush(_SECONDS):
        raise CommandError("The Kafka brokers cannot be reached from here.")


def _brokers(stack: Stack) -> str:
    described = stack.client("cloudformation").describe_stacks(StackName=stack.details.stack_name)["Stacks"][0]
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in described.get("Parameters", ())}
    if not parameters.get("KafkaBrokers"):
        raise CommandError("This stack has no Kafka brokers that can be reached from here.")
    return str(parameters["KafkaBrokers"])
