"""Copies order updates to the Kafka topic, in order per order, with the order's id as key."""

from contracts.events import EVENTS
from kafkabridge import producer
from kafkabridge.topic import value_of
from shopkit.consumer import Delivery, consumer

ORDER_EVENTS = tuple(event for event in EVENTS if event.source == "shop.order")


@consumer(*ORDER_EVENTS, fifo=True)
def handler(delivery: Delivery) -> None:
    """One record per event, written after all replicas have acknowledged the one before it. A record that the broker
    does not accept goes back to the queue, with the later events of its order. A repeated attempt may write an event
    twice, with the same `event_id`."""
    event = delivery.event
    producer.produce(
        key=event.correlation_id,
        value=value_of(delivery.message),
        headers={"type": event.type, "event_id": str(event.event_id)},
    )
