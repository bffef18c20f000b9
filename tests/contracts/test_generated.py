"""What `make schemas` wrote: current, and valid for those who will read it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft4Validator, Draft7Validator, Draft202012Validator
from openapi_spec_validator import OpenAPIV30SpecValidator
from samtranslator.yaml_helper import yaml_parse

from contracts.envelope import EventData
from contracts.events import EVENTS
from schemas.examples import examples
from schemas.files import ROOT, generated
from schemas.flow import TOPIC_SOURCE, consumers
from schemas.models import name_of
from schemas.openapi import Untranslatable, to_openapi

FILES = generated()
CONSUMERS = consumers()
REGISTRY = yaml_parse((ROOT / "schemas" / "template.yaml").read_text())["Resources"]
ASYNCAPI = yaml.safe_load((ROOT / "docs" / "asyncapi.yaml").read_text())
each_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_generated_file_is_current(path: Path) -> None:
    assert path.read_text() == FILES[path], "run `make schemas`"


# ── The registry ──────────────────────────────────────────────────────────────────────────────────────────────────────


def document(event: type[EventData]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(REGISTRY[event.__name__]["Properties"]["Content"])
    return content


def test_registry_holds_every_event_and_no_other() -> None:
    assert REGISTRY.keys() == {"Registry"} | {event.__name__ for event in EVENTS}


@each_event
def test_registered_schema_is_named_as_code_generators_expect(event: type[EventData]) -> None:
    delivered = document(event)["components"]["schemas"]["AWSEvent"]
    assert REGISTRY[event.__name__]["Properties"]["SchemaName"] == name_of(event)
    assert delivered["x-amazon-events-source"] == event.source
    assert delivered["x-amazon-events-detail-type"] == event.__name__


@each_event
def test_registered_document_is_valid_openapi_3_0(event: type[EventData]) -> None:
    assert not list(OpenAPIV30SpecValidator(document(event)).iter_errors())


@each_event
def test_registered_document_fits_the_registry(event: type[EventData]) -> None:
    """CreateSchema takes at most 100,000 characters (API reference)."""
    assert len(REGISTRY[event.__name__]["Properties"]["Content"]) <= 100_000


@each_event
def test_registered_schema_describes_what_eventbridge_delivers(event: type[EventData]) -> None:
    validator = _validator(document(event), "AWSEvent")
    for published in examples(event):
        delivered = {
            "version": "0",
            "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
            "account": "111122223333",
            "region": "us-east-1",
            "time": "2026-01-01T00:00:00Z",
            "resources": [],
            **published.as_published(),
        }
        validator.validate(delivered)
        assert list(validator.iter_errors({**delivered, "source": "shop.other"}))
        assert list(validator.iter_errors({**delivered, "detail": {**delivered["detail"], "version": 2}}))
        assert list(validator.iter_errors({**delivered, "detail": {**delivered["detail"], "data": {}}}))


def _validator(openapi: dict[str, Any], schema: str) -> Any:
    """OpenAPI 3.0 writes exclusive bounds as JSON Schema draft 4 does; the shop's schemas use nothing else of it."""
    return Draft4Validator({"$ref": f"#/components/schemas/{schema}", "components": openapi["components"]})


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"const": 1}, {"enum": [1]}),
        ({"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 0, "exclusiveMinimum": True}),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
            {"type": "string", "nullable": True},
        ),
        (
            {"anyOf": [{"$ref": "#/components/schemas/Money"}, {"type": "null"}]},
            {"allOf": [{"$ref": "#/components/schemas/Money"}], "nullable": True},
        ),
        ({"$ref": "#/x", "description": "why"}, {"allOf": [{"$ref": "#/x"}], "description": "why"}),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
    ],
)
def test_json_schema_becomes_openapi_3_0(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    assert to_openapi(schema) == expected


def test_what_openapi_3_0_cannot_say_is_refused() -> None:
    with pytest.raises(Untranslatable, match="prefixItems"):
        to_openapi({"type": "array", "prefixItems": [{"type": "string"}]})


# ── What API Gateway is given ─────────────────────────────────────────────────────────────────────────────────────────


GATEWAY = yaml.safe_load(FILES[ROOT / "api" / "gateway.yaml"])


def test_gateway_document_is_valid_openapi_3_0() -> None:
    # CloudFormation makes a text of it.
    assert GATEWAY["info"]["title"] == {"Fn::Sub": "${BusName}"}
    whole = {**GATEWAY, "info": {**GATEWAY["info"], "title": "the stack's name"}}
    assert not list(OpenAPIV30SpecValidator(whole).iter_errors())


# ── AsyncAPI ──────────────────────────────────────────────────────────────────────────────────────────────────────────
# No validator of AsyncAPI 3 is in Python's package index, so what the specification demands is checked here.


def test_asyncapi_has_the_objects_that_the_specification_demands() -> None:
    assert ASYNCAPI["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= ASYNCAPI["info"].keys()
    for operation in ASYNCAPI["operations"].values():
        assert operation["action"] in {"send", "receive"}
        channel = _at(operation["channel"]["$ref"])
        # An operation's messages are its channel's own, not the components behind them.
        assert operation["messages"]
        assert all(_at(message["$ref"]) in channel["messages"].values() for message in operation["messages"])


def test_asyncapi_references_lead_somewhere() -> None:
    references = list(_references(ASYNCAPI))
    assert references
    for reference in references:
        _at(reference)


@each_event
def test_asyncapi_message_describes_what_is_published(event: type[EventData]) -> None:
    message = ASYNCAPI["components"]["messages"][event.__name__]
    schema = {**message["payload"], "components": ASYNCAPI["components"]}
    Draft7Validator.check_schema(schema)
    for published in examples(event):
        Draft202012Validator(schema).validate(published.as_published())


@each_event
def test_asyncapi_says_who_sends_and_who_receives(event: type[EventData]) -> None:
    by_bus = f"#/channels/bus/messages/{event.__name__}"
    sends = {name for name, operation in _operations(by_bus) if operation["action"] == "send"}
    assert sends == {f"{event.source.removeprefix('shop.')}.relay.bus"}
    receives = {name for name, operation in _operations(by_bus) if operation["action"] == "receive"}
    assert receives == {found.name for found in CONSUMERS if found.channel == "bus" and event in found.events}
    in_order = ASYNCAPI["channels"]["orderUpdates"]["messages"]
    assert (event.__name__ in in_order) == (event.source == TOPIC_SOURCE)


def _operations(message: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, operation in ASYNCAPI["operations"].items():
        if {"$ref": message} in operation["messages"]:
            yield name, operation


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _at(reference: str) -> Any:
    node: Any = ASYNCAPI
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


# ── The catalogue ─────────────────────────────────────────────────────────────────────────────────────────────────────


@each_event
def test_catalogue_page_tells_what_an_event_means_and_who_listens(event: type[EventData]) -> None:
    section = FILES[ROOT / "docs" / "events.md"].split(f"\n### {event.__name__}\n")[1].split("\n#")[0]
    assert event.__doc__
    assert " ".join(event.__doc__.split()) in section
    for field in event.model_fields:
        assert f"| `{field}`" in section
    for consumer in CONSUMERS:
        assert (f"`{consumer.name}`" in section) == (event in consumer.events) or consumer.channel != "bus"


@pytest.mark.parametrize("path", GATEWAY["paths"])
def test_head_is_where_get_is_and_a_preflight_everywhere(path: str) -> None:
    methods = GATEWAY["paths"][path]
    assert ("head" in methods) is ("get" in methods)
    if "get" in methods:
        assert {**methods["head"], "operationId": ""} == {**methods["get"], "operationId": ""}
    preflight = methods["options"]
    assert "security" not in preflight
    assert preflight["x-amazon-apigateway-integration"]["type"] == "mock"
    granted = preflight["x-amazon-apigateway-integration"]["responses"]["default"]["responseTemplates"]
    names = ", ".join(method.upper() for method in methods if method != "options")
    assert f'Access-Control-Allow-Methods = "{names}")' in granted["application/json"]["Fn::Sub"][0]


def test_operations_have_names_of_their_own() -> None:
    names = [
        operation["operationId"]
        for methods in GATEWAY["paths"].values()
        for operation in methods.values()
        if "operationId" in operation
    ]
    assert len(set(names)) == len(names)


def test_no_alias_is_written_for_cloudformation() -> None:
    """AWS::Include takes none."""
    assert not [
        token for token in yaml.scan(FILES[ROOT / "api" / "gateway.yaml"]) if isinstance(token, yaml.AliasToken)
    ]


@pytest.mark.parametrize("kind", GATEWAY["x-amazon-apigateway-gateway-responses"])
def test_what_the_gateway_answers_itself_names_an_origin_only_where_one_is_listed(kind: str) -> None:
    headers = GATEWAY["x-amazon-apigateway-gateway-responses"][kind]["responseParameters"]
    for name in ("Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Vary"):
        condition, _granted, otherwise = headers[f"gatewayresponse.header.{name}"]["Fn::If"]
        assert (condition, otherwise) == ("PagesMayCall", {"Ref": "AWS::NoValue"})
