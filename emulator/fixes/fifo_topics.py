"""FIFO topics from templates.

AWS: AWS::SNS::Topic with FifoTopic makes a FIFO topic, named with .fifo at the end; messages keep their group and
de-duplication ids on the way to FIFO queues.
Emulator: does so for topics made through the API; from a template it makes a standard topic, which drops both ids, so
that its queues neither order by group nor hold one back.
Fix: name and mark the topic as the API would.
Goes when: MiniStack reads FifoTopic.
"""

from typing import Any

from emulator.patching import module, original, resource_handler


def apply() -> None:
    provisioners, topics = module("services.cloudformation.provisioners"), module("services.sns")._topics
    physical_name = original(provisioners, "_physical_name", "stack_name logical_id lowercase max_len seeded")
    handler = resource_handler(provisioners, "AWS::SNS::Topic", "create", "update")
    create, update = handler["create"], handler["update"]

    def named(props: dict[str, Any], stack: str, logical_id: str) -> dict[str, Any]:
        if not fifo(props) or props.get("TopicName"):
            return props
        return props | {"TopicName": physical_name(stack, logical_id, max_len=251) + ".fifo"}

    def mark(arn: str, props: dict[str, Any]) -> None:
        if fifo(props):
            attributes = topics[arn]["attributes"]
            attributes["FifoTopic"] = "true"
            attributes["ContentBasedDeduplication"] = str(props.get("ContentBasedDeduplication", "false")).lower()
            attributes["FifoThroughputScope"] = props.get("FifoThroughputScope", "Topic")

    def create_topic(logical_id: str, props: dict[str, Any], stack: str) -> Any:
        made = create(logical_id, named(props, stack, logical_id), stack)
        mark(made[0], props)
        return made

    def update_topic(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str, logical_id: str) -> Any:
        updated = update(physical_id, old, named(new, stack, logical_id), stack, logical_id)
        mark(updated[0], new)
        return updated

    handler["create"], handler["update"] = create_topic, update_topic


def fifo(props: dict[str, Any]) -> bool:
    return str(props.get("FifoTopic", "false")).lower() == "true"
