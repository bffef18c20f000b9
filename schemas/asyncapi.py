"""docs/asyncapi.yaml: channels, operations and messages for AsyncAPI tools."""

from typing import Any

import yaml

from contracts.envelope import EventData
from contracts.events import EVENTS
from schemas.examples import example
from schemas.flow import TOPIC_SOURCE, Channel, Consumer
from schemas.models import Schema, components, meaning_of, service_of

_HEAD = "# Written by `make schemas` from layer/contracts and the templates.\n"
_ORDER_UPDATES = (
    "An SNS FIFO topic of the order service's events, in sequence for each order: the message group is the order. "
    "notify.webhook reads it only if WebhookUrl is set, kafka.bridge only if Kafka is on."
)
_CHANNELS: dict[Channel, tuple[str, str]] = {
    "bus": ("The bus", "The stack's EventBridge bus. Delivery is at least once, and order is not guaranteed."),
    "orderUpdates": ("Order updates", _ORDER_UPDATES),
}


def document(consumers: list[Consumer]) -> str:
    return _HEAD + yaml.dump(
        _document(consumers), Dumper=_WithoutAliases, sort_keys=False, allow_unicode=True, width=120
    )


def _document(consumers: list[Consumer]) -> dict[str, Any]:
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Cartwheel",
            "version": "1.0.0",
            "description": "Every event of the shop. Money is in integer minor units; times are RFC 3339 UTC.",
        },
        "defaultContentType": "application/json",
        "channels": {channel: _channel(channel) for channel in _CHANNELS},
        "operations": _sends() | _receives(consumers),
        "components": {"messages": {event.__name__: _message(event) for event in EVENTS}, "schemas": _schemas()},
    }


def _channel(channel: Channel) -> dict[str, Any]:
    title, description = _CHANNELS[channel]
    return {
        "address": None,  # each stack has its own address
        "title": title,
        "description": description,
        "messages": {event.__name__: {"$ref": f"#/components/messages/{event.__name__}"} for event in _on(channel)},
    }


def _on(channel: Channel) -> list[type[EventData]]:
    return [event for event in EVENTS if channel == "bus" or event.source == TOPIC_SOURCE]


def _sends() -> dict[str, Any]:
    """Returns the operations: each service's relay publishes its events."""
    return {
        f"{service}.relay.{channel}": _operation("send", channel, [e for e in _on(channel) if service_of(e) == service])
        for service in dict.fromkeys(map(service_of, EVENTS))
        for channel in _CHANNELS
        if any(service_of(event) == service for event in _on(channel))
    }


def _receives(consumers: list[Consumer]) -> dict[str, Any]:
    return {consumer.name: _operation("receive", consumer.channel, consumer.events) for consumer in consumers}


def _operation(action: str, channel: Channel, events: Any) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{event.__name__}"} for event in events],
    }


def _message(event: type[EventData]) -> dict[str, Any]:
    return {
        "name": event.__name__,
        "summary": meaning_of(event),
        "payload": {
            "type": "object",
            "required": ["source", "detail-type", "detail"],
            "properties": {
                "source": {"const": event.source},
                "detail-type": {"const": event.__name__},
                "detail": {"$ref": f"#/components/schemas/{event.__name__}"},
            },
        },
        "examples": [{"payload": example(event).as_published()}],
    }


def _schemas() -> dict[str, Schema]:
    return {name: schema for event in EVENTS for name, schema in components(event).items()}


class _WithoutAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True
