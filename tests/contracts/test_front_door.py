"""api/openapi.yaml against what answers behind it: the same routes, callers, requests and answers."""

import importlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import OpenAPIV30SpecValidator
from pydantic import BaseModel
from samtranslator.yaml_helper import yaml_parse

from clickstream.domain import PostedClicks
from contracts.events import EVENTS
from inventory.domain import ProductRequest, RestockRequest
from order.domain import OrderRequest
from order.hold import OrderHeld
from order.review import Review
from schemas.openapi import to_openapi
from shopkit.types import LambdaHandler
from tests.support.api_gateway import ALICE, BOB, OPERATOR, Answer, call
from tests.support.inventory import MUG, inventory_on_moto
from tests.support.orders import orders_on_moto, wanted
from tests.support.tables import create_tables
from tools.expand import ROOT


def _resolved(node: Any) -> Any:
    """CloudFormation's functions as the text that they stand for."""
    match node:
        case {"Fn::Sub": str(text)}:
            return text
        case {"Ref": str(name)}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [*names]}:
            return f"${{{'.'.join(names)}}}"
        case dict():
            return {key: _resolved(value) for key, value in node.items()}
        case list():
            return [_resolved(value) for value in node]
        case _:
            return node


DOCUMENT = _resolved(yaml_parse((ROOT / "api" / "openapi.yaml").read_text()))
TEMPLATE = yaml_parse((ROOT / "api" / "template.yaml").read_text())
DESK = yaml_parse((ROOT / "services" / "operators" / "template.yaml").read_text())
SCHEMAS = DOCUMENT["components"]["schemas"]


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    document: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def id(self) -> str:
        return str(self.document["operationId"])

    @property
    def function(self) -> str:
        return self.id[0].upper() + self.id[1:]

    @property
    def parameter(self) -> str:
        """The template's parameter that carries the function's ARN."""
        return self.function + "Arn"

    @property
    def by_name(self) -> bool:
        """Whether the front door knows the function by its name: of an application that is deployed after it."""
        return self.path.startswith("/operations/")


OPERATIONS = {
    operation.id: operation
    for path, methods in DOCUMENT["paths"].items()
    for method, document in methods.items()
    for operation in [Operation(method.upper(), path, document)]
}
OPERATION = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=str)

# Design §4: who may ask what, and which function answers.
ANYONE, CUSTOMER, OPERATORS = "anyone", "customer", "operators"
ROUTES = {
    "GET /products": (ANYONE, "inventory.list_products"),
    "GET /products/{sku}": (ANYONE, "inventory.get_product"),
    "PUT /products/{sku}": (OPERATORS, "inventory.upsert"),
    "POST /products/{sku}/restock": (OPERATORS, "inventory.restock"),
    "POST /orders": (CUSTOMER, "order.place"),
    "GET /orders": (CUSTOMER, "order.list"),
    "GET /orders/{order_id}": (CUSTOMER, "order.get"),
    "GET /orders/{order_id}/timeline": (CUSTOMER, "order.get_timeline"),
    "POST /orders/{order_id}/cancellation": (CUSTOMER, "order.cancel"),
    "POST /orders/{order_id}/review": (OPERATORS, "order.review"),
    "POST /clicks": (ANYONE, "clickstream.collect"),
    "GET /trending": (ANYONE, "clickstream.trending"),
    "GET /operations/dead-letters": (OPERATORS, "operators.list_dead_letters"),
    "GET /operations/dead-letters/{place}": (OPERATORS, "operators.show_dead_letters"),
    "POST /operations/dead-letters/{place}/redrive": (OPERATORS, "operators.redrive"),
    "GET /operations/breaks": (OPERATORS, "operators.list_breaks"),
    "PUT /operations/breaks/{name}": (OPERATORS, "operators.start_break"),
    "DELETE /operations/breaks/{name}": (OPERATORS, "operators.heal_break"),
}
# Open to customers, but for what only operators may ask of them.
PARTLY = {"GET /orders"}


def handler_of(operation: Operation) -> LambdaHandler:
    handler: LambdaHandler = importlib.import_module(ROUTES[str(operation)][1]).handler
    return handler


# ── The document and its routes ───────────────────────────────────────────────────────────────────────────────────────


def test_the_document_is_valid_openapi_3_0() -> None:
    assert DOCUMENT["openapi"].startswith("3.0.")
    assert not list(OpenAPIV30SpecValidator(DOCUMENT).iter_errors())


def test_the_routes_are_those_of_the_design() -> None:
    assert {str(operation) for operation in OPERATIONS.values()} == ROUTES.keys()


@OPERATION
def test_an_operation_calls_its_function(operation: Operation) -> None:
    integration = operation.document["x-amazon-apigateway-integration"]
    assert (integration["type"], integration["httpMethod"]) == ("aws_proxy", "POST")
    if operation.by_name:
        account = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}"
        assert integration["uri"].endswith(
            f"/functions/{account}:function:${{BusName}}-{operation.function}/invocations"
        )
    else:
        assert integration["uri"].endswith(f"/functions/${{{operation.parameter}}}/invocations")
        assert operation.parameter in TEMPLATE["Parameters"]


@pytest.mark.parametrize("operation", [found for found in OPERATIONS.values() if found.by_name], ids=str)
def test_the_name_is_that_of_the_function_that_answers(operation: Operation) -> None:
    function = DESK["Resources"][operation.function]["Properties"]
    assert function["FunctionName"] == {"Fn::Sub": f"${{BusName}}-{operation.function}"}
    assert function["Handler"] == ROUTES[str(operation)][1] + ".handler"


@pytest.mark.parametrize("operation", [found for found in OPERATIONS.values() if not found.by_name], ids=str)
def test_the_parameter_carries_the_function_that_answers(operation: Operation) -> None:
    """Through the root template to the service's own."""
    stacks = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
    passed = stacks["Api"]["Properties"]["Parameters"][operation.parameter]
    stack, _, output = _get_att(passed)
    service = yaml_parse((ROOT / stacks[stack]["Properties"]["Location"]).read_text())
    function, _ = _get_att(service["Outputs"][output]["Value"])
    assert service["Resources"][function]["Properties"]["Handler"] == ROUTES[str(operation)][1] + ".handler"


def _get_att(node: Any) -> list[str]:
    value = node["Fn::GetAtt"]
    return ".".join(value if isinstance(value, list) else [value]).split(".")


@OPERATION
def test_the_front_door_may_call_each_function_on_its_route_only(operation: Operation) -> None:
    named = operation.function if operation.by_name else operation.parameter
    found = [each for each in _permissions() if each["FunctionName"] == {"Ref": named}]
    for permission in found:
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert permission["Action"] == "lambda:InvokeFunction"
    pattern = "/".join("*" if step.startswith("{") else step for step in operation.path.split("/"))
    api_id = "${ApiId}" if operation.by_name else "${Api}"
    api = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:" + api_id
    methods = {operation.method, "HEAD"} if operation.method == "GET" else {operation.method}
    assert {each["SourceArn"]["Fn::Sub"] for each in found} == {f"{api}/*/{method}{pattern}" for method in methods}
    assert len(found) == len(methods)


def test_no_permission_is_left_over() -> None:
    known = [{"Ref": each.function if each.by_name else each.parameter} for each in OPERATIONS.values()]
    assert all(each["FunctionName"] in known for each in _permissions())


def _permissions() -> Iterator[dict[str, Any]]:
    return (
        resource["Properties"]
        for template in (TEMPLATE, DESK)
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Permission"
    )


@OPERATION
def test_every_path_parameter_is_described(operation: Operation) -> None:
    named = {step[1:-1] for step in operation.path.split("/") if step.startswith("{")}
    described = [_at(parameter["$ref"]) for parameter in operation.document.get("parameters", [])]
    assert {parameter["name"] for parameter in described if parameter["in"] == "path"} == named


@OPERATION
def test_a_throttled_request_and_a_throttled_function_are_documented(operation: Operation) -> None:
    """Either can happen to any: by the account's limits, if by no own."""
    for status in ("429", "503"):
        assert operation.document["responses"][status] == {"$ref": "#/components/responses/TryAgain"}


# What API Gateway answers where nothing is said (API Gateway Developer Guide, "Gateway response types").
DEFAULT_STATUSES = {
    "ACCESS_DENIED": 403,
    "API_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_FAILURE": 500,
    "BAD_REQUEST_BODY": 400,
    "BAD_REQUEST_PARAMETERS": 400,
    "EXPIRED_TOKEN": 403,
    "INTEGRATION_FAILURE": 504,
    "INTEGRATION_TIMEOUT": 504,
    "INVALID_API_KEY": 403,
    "INVALID_SIGNATURE": 403,
    "MISSING_AUTHENTICATION_TOKEN": 403,
    "QUOTA_EXCEEDED": 429,
    "REQUEST_TOO_LARGE": 413,
    "RESOURCE_NOT_FOUND": 404,
    "THROTTLED": 429,
    "UNAUTHORIZED": 401,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "WAF_FILTERED": 403,
}
MEANT = {
    "EXPIRED_TOKEN": 401,
    "INTEGRATION_FAILURE": 503,
    "INVALID_SIGNATURE": 404,
    "MISSING_AUTHENTICATION_TOKEN": 404,
}
GATEWAY_RESPONSES = DOCUMENT["x-amazon-apigateway-gateway-responses"]


@pytest.mark.parametrize(("kind", "default"), DEFAULT_STATUSES.items())
def test_what_the_gateway_answers_itself_has_the_status_that_fits(kind: str, default: int) -> None:
    """A kind that is not listed has the status of DEFAULT_4XX or DEFAULT_5XX, whatever its own is."""
    family = "DEFAULT_4XX" if default < 500 else "DEFAULT_5XX"
    assert GATEWAY_RESPONSES.get(kind, GATEWAY_RESPONSES[family])["statusCode"] == MEANT.get(kind, default)


@pytest.mark.parametrize("kind", GATEWAY_RESPONSES)
def test_what_the_gateway_answers_itself_is_a_problem(kind: str) -> None:
    response = GATEWAY_RESPONSES[kind]
    problem = json.loads(response["responseTemplates"]["application/json"])
    assert problem["status"] == response["statusCode"]
    assert validator({"$ref": "#/components/schemas/Problem"}).is_valid(problem)
    assert kind in {*DEFAULT_STATUSES, "DEFAULT_4XX", "DEFAULT_5XX"}


@pytest.mark.parametrize("kind", ["THROTTLED", "INTEGRATION_FAILURE"])
def test_who_is_sent_away_for_a_moment_is_told_when_to_come_back(kind: str) -> None:
    assert GATEWAY_RESPONSES[kind]["responseParameters"]["gatewayresponse.header.Retry-After"] == "'1'"


# ── Who may ask ───────────────────────────────────────────────────────────────────────────────────────────────────────


@OPERATION
def test_a_token_is_asked_for_where_the_design_says(operation: Operation) -> None:
    who, _ = ROUTES[str(operation)]
    assert operation.document.get("security", []) == ([] if who == ANYONE else [{"cognito": []}])
    assert ("401" in operation.document["responses"]) == (who != ANYONE)
    assert ("403" in operation.document["responses"]) == (who == OPERATORS or str(operation) in PARTLY)


def test_a_token_is_one_of_the_shop_s_user_pool() -> None:
    scheme = DOCUMENT["components"]["securitySchemes"]["cognito"]
    assert (scheme["in"], scheme["name"]) == ("header", "Authorization")
    assert scheme["x-amazon-apigateway-authtype"] == "cognito_user_pools"
    assert scheme["x-amazon-apigateway-authorizer"]["providerARNs"] == ["${UserPool.Arn}"]


@pytest.mark.parametrize("operation", [op for op in OPERATIONS.values() if ROUTES[str(op)][0] == OPERATORS], ids=str)
def test_scenario_30_an_operator_s_route_is_closed_to_customers(operation: Operation) -> None:
    """Before anything is looked at: no table is there, and a handler that looked would fail otherwise."""
    answer = call(handler_of(operation), caller=ALICE, parameters={"sku": "MUG", "order_id": "x"}, raw="not even JSON")
    assert (answer.status, answer.problem) == (403, "forbidden")
    conforms(operation.id, answer)


# ── Requests ──────────────────────────────────────────────────────────────────────────────────────────────────────────

REQUESTS: dict[str, type[BaseModel]] = {
    "upsert": ProductRequest,
    "restock": RestockRequest,
    "place": OrderRequest,
    "review": Review,
    "collect": PostedClicks,
}


def test_the_table_of_requests_is_complete() -> None:
    assert {operation.id for operation in OPERATIONS.values() if "requestBody" in operation.document} == REQUESTS.keys()


@pytest.mark.parametrize(("operation_id", "model"), REQUESTS.items())
def test_the_document_asks_for_what_the_model_takes(operation_id: str, model: type[BaseModel]) -> None:
    """Properties, requirements, types, limits, patterns and enumerations, at every depth."""
    body = OPERATIONS[operation_id].document["requestBody"]
    assert body["required"] is True
    assert body["content"].keys() == {"application/json"}
    documented = _comparable(body["content"]["application/json"]["schema"], lambda name: SCHEMAS[name])
    raw = model.model_json_schema()
    taken = _comparable(to_openapi(_untitled(raw)), lambda name: to_openapi(_untitled(raw["$defs"][name])))
    assert _rules(documented) == _rules(taken)


def _comparable(schema: Any, component: Callable[[str], Any]) -> Any:
    """The schema complete in itself, without words and in one order."""
    if isinstance(schema, list):
        return [_comparable(item, component) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _comparable(component(schema["$ref"].rsplit("/", 1)[1]), component)
    if schema.get("allOf"):
        (only,) = schema["allOf"]
        beside = {key: value for key, value in schema.items() if key != "allOf"}
        return _comparable({**_comparable(only, component), **beside}, component)
    plain = {
        key: {name: _comparable(field, component) for name, field in value.items()}
        if key == "properties"
        else _comparable(value, component)
        for key, value in schema.items()
        if key not in {"description", "example", "default"}
    }
    for unordered in ("required", "enum"):
        if unordered in plain:
            plain[unordered] = sorted(plain[unordered])
    return plain


def _rules(schema: Any, where: str = "body") -> set[str]:
    """One line for each rule, so that a difference reads as what is missing on either side."""
    rules: set[str] = set()
    for key, value in schema.items():
        if key == "properties":
            rules.update(*(_rules(field, f"{where}.{name}") for name, field in value.items()))
        elif key == "items":
            rules |= _rules(value, f"{where}[]")
        else:
            rules.add(f"{where}: {key} {value}")
    return rules


def _untitled(schema: Any) -> Any:
    """Without pydantic's titles and definitions; a field called title is not touched."""
    if isinstance(schema, list):
        return [_untitled(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _untitled(field) for name, field in value.items()} if key == "properties" else _untitled(value)
        for key, value in schema.items()
        if key not in {"title", "$defs"}
    }


@pytest.mark.parametrize(("operation_id", "model"), REQUESTS.items())
def test_the_document_s_example_is_taken(operation_id: str, model: type[BaseModel]) -> None:
    schema = _at(OPERATIONS[operation_id].document["requestBody"]["content"]["application/json"]["schema"]["$ref"])
    if "example" in schema:
        assert validator(schema).is_valid(schema["example"])
        model.model_validate_json(json.dumps(schema["example"]))


# ── Answers ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def conforms(operation_id: str, answer: Answer) -> None:
    """The answer is one that the operation promises, and says nothing that it does not."""
    responses = OPERATIONS[operation_id].document["responses"]
    assert str(answer.status) in responses, f"{operation_id} answers an undocumented {answer.status}: {answer.raw}"
    response = responses[str(answer.status)]
    if answer.status == 304:
        assert (response, answer.raw) == ({"$ref": "#/components/responses/NotModified"}, "")
        return
    (content_type, content), *more = (_at(response["$ref"]) if "$ref" in response else response)["content"].items()
    assert not more
    assert answer.headers["Content-Type"] == content_type
    schema = content["schema"]
    errors = [f"{error.json_path}: {error.message}" for error in validator(schema).iter_errors(answer.body)]
    errors += [f"{where} is not documented" for where in undocumented(schema, answer.body)]
    assert errors == []


def validator(schema: dict[str, Any]) -> Any:
    return OAS30Validator(
        {**schema, "components": DOCUMENT["components"]}, format_checker=OAS30Validator.FORMAT_CHECKER
    )


def undocumented(schema: dict[str, Any], value: Any, where: str = "$") -> Iterator[str]:
    """Fields that are there and not in the schema; an object without properties may hold anything."""
    while "$ref" in schema:
        schema = _at(schema["$ref"])
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from undocumented(schema["items"], item, f"{where}[{index}]")
    elif isinstance(value, dict) and "properties" in schema:
        for name, inner in value.items():
            if name not in schema["properties"]:
                yield f"{where}.{name}"
            else:
                yield from undocumented(schema["properties"][name], inner, f"{where}.{name}")


def _at(reference: str) -> Any:
    node: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def ask(operation_id: str, expected: int, *, key: str | None = "key-1", **more: Any) -> Answer:
    """Calls the function behind an operation, and holds its answer to the document."""
    operation = OPERATIONS[operation_id]
    headers = {} if key is None else {"Idempotency-Key": key}
    path = operation.path
    for name, value in more.get("parameters", {}).items():
        path = path.replace(f"{{{name}}}", value)
    sent = {**headers, **more.pop("headers", {})}
    answer = call(handler_of(operation), path, method=operation.method, headers=sent, **more)
    assert answer.status == expected, answer.raw
    conforms(operation_id, answer)
    return answer


TOO_LARGE, NOT_JSON = " " * 70_000, {"Content-Type": "text/plain"}


def test_orders_answer_as_documented() -> None:
    with orders_on_moto() as orders:
        order_id = ask("place", 201, caller=ALICE, body=wanted()).body["order_id"]
        of_order = {"order_id": order_id}
        ask("place", 201, caller=ALICE, body=wanted())
        ask("place", 400, caller=ALICE, body=wanted(), key=None)
        ask("place", 400, caller=ALICE, body=wanted(("MUG", 0)), key="2")
        ask("place", 409, caller=ALICE, body=wanted(expected_total={"amount": 1, "currency": "USD"}), key="2")
        ask("place", 413, caller=ALICE, raw=TOO_LARGE, key="2")
        ask("place", 415, caller=ALICE, body=wanted(), key="2", headers=NOT_JSON)
        ask("place", 422, caller=ALICE, body=wanted(("NOPE", 1)), key="2")
        ask("place", 422, caller=ALICE, body=wanted(("TEE", 1)))
        ask("place", 201, caller=ALICE, body=wanted(("TEE", 3)), key="3")
        ask("list", 200, caller=ALICE)
        assert ask("list", 200, caller=ALICE, query={"limit": "1"}).body["next_cursor"]
        ask("list", 400, caller=ALICE, query={"limit": "0"})
        ask("list", 403, caller=ALICE, query={"needs": "review"})
        ask("list", 200, caller=OPERATOR, query={"needs": "review"})
        ask("list", 400, caller=OPERATOR, query={"needs": "nothing"})
        seen = ask("get", 200, caller=ALICE, parameters=of_order).headers["ETag"]
        ask("get", 304, caller=ALICE, parameters=of_order, headers={"If-None-Match": seen})
        ask("get", 404, caller=BOB, parameters=of_order, headers={"If-None-Match": seen})
        orders.tell_timeline(*orders.events())
        assert ask("getTimeline", 200, caller=ALICE, parameters=of_order).body["events"]
        ask("getTimeline", 404, caller=BOB, parameters=of_order)
        ask("cancel", 202, caller=ALICE, parameters=of_order)
        ask("cancel", 404, caller=BOB, parameters=of_order)
        ask("get", 200, caller=OPERATOR, parameters=of_order)


def test_reviews_answer_as_documented() -> None:
    with orders_on_moto() as orders:
        of_order = {"order_id": orders.placed(wanted(payment_method="pm_review"))}
        approve = {"decision": "approve", "note": None}
        ask("review", 409, caller=OPERATOR, parameters=of_order, body=approve)
        with pytest.raises(OrderHeld):
            orders.hold(of_order["order_id"])
        ask("get", 200, caller=ALICE, parameters=of_order)
        ask("review", 400, caller=OPERATOR, parameters=of_order, body={"decision": "perhaps"})
        ask("review", 404, caller=OPERATOR, parameters={"order_id": "ord_nobody"}, body=approve)
        ask("review", 413, caller=OPERATOR, parameters=of_order, raw=TOO_LARGE)
        ask("review", 415, caller=OPERATOR, parameters=of_order, body=approve, headers=NOT_JSON)
        ask("review", 202, caller=OPERATOR, parameters=of_order, body=approve)
        orders.reject(of_order["order_id"])
        ask("cancel", 409, caller=ALICE, parameters=of_order)


def test_products_answer_as_documented() -> None:
    with inventory_on_moto():
        mug, nothing = {"sku": "MUG"}, {"sku": "NOPE"}
        ask("upsert", 201, caller=OPERATOR, parameters=mug, body=MUG)
        ask("upsert", 200, caller=OPERATOR, parameters=mug, body={**MUG, "name": "Cup"})
        ask("upsert", 400, caller=OPERATOR, parameters=mug, body={})
        ask("upsert", 413, caller=OPERATOR, parameters=mug, raw=TOO_LARGE)
        ask("upsert", 415, caller=OPERATOR, parameters=mug, body=MUG, headers=NOT_JSON)
        ask("restock", 200, caller=OPERATOR, parameters=mug, body={"quantity": 5})
        ask("restock", 400, caller=OPERATOR, parameters=mug, body={"quantity": 0})
        ask("restock", 404, caller=OPERATOR, parameters=nothing, body={"quantity": 5}, key="2")
        ask("restock", 413, caller=OPERATOR, parameters=mug, raw=TOO_LARGE)
        ask("restock", 415, caller=OPERATOR, parameters=mug, body={"quantity": 5}, headers=NOT_JSON)
        ask("restock", 422, caller=OPERATOR, parameters=mug, body={"quantity": 6})
        ask("getProduct", 200, parameters=mug)
        ask("getProduct", 404, parameters=nothing)
        ask("listProducts", 200)
        ask("listProducts", 400, query={"cursor": "?"})


def test_clicks_and_trending_answer_as_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    click = {"event_id": "e1", "session_id": "s1", "type": "view", "sku": "MUG", "at": "2026-03-01T12:00:00Z"}
    with mock_aws():
        boto3.client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
        monkeypatch.setenv("STREAM_NAME", "clicks")
        monkeypatch.setenv("CLICKSTREAM_TABLE", create_tables("clickstream")["Counters"])
        ask("collect", 202, body={"events": [click]})
        ask("collect", 400, body={"events": []})
        ask("collect", 413, raw=TOO_LARGE)
        ask("collect", 415, body={"events": [click]}, headers=NOT_JSON)
        ask("trending", 200)
        ask("trending", 400, query={"minutes": "0"})
        monkeypatch.setenv("STREAM_NAME", "")
        ask("collect", 404, body={"events": [click]})


@OPERATION
def test_what_is_read_may_be_asked_about(operation: Operation) -> None:
    """By its ETag: on every GET, and nowhere else."""
    responses, reads = operation.document["responses"], operation.method == "GET"
    described = [_at(parameter["$ref"])["name"] for parameter in operation.document.get("parameters", [])]
    assert ("304" in responses, "If-None-Match" in described) == (reads, reads)
    assert responses.get("200", {}).get("headers", {}).keys() == ({"ETag"} if reads else set())


def test_a_timeline_promises_every_event_of_an_order() -> None:
    """Its entries are typed loosely on purpose; what they hold is in the event catalogue."""
    entry = SCHEMAS["Timeline"]["properties"]["events"]["items"]
    assert set(entry["required"]) == {"at", "source", "type", "event_id", "summary", "data"}
    assert {event for event in EVENTS if "order_id" in event.model_fields}


# ── The comparison itself ─────────────────────────────────────────────────────────────────────────────────────────────


def test_an_undocumented_field_is_found() -> None:
    page = {"orders": [{"order_id": "x", "lines": [{"sku": "A", "secret": 1}]}], "next_cursor": None}
    schema = {"$ref": "#/components/schemas/OrderPage"}
    assert list(undocumented(schema, page)) == ["$.orders[0].lines[0].secret"]


@pytest.mark.parametrize("status", [200, 418])
def test_an_answer_that_is_not_documented_is_found(status: int) -> None:
    answer = Answer(status, {"Content-Type": "application/json"}, json.dumps({"order_id": "x"}))
    with pytest.raises(AssertionError):
        conforms("get", answer)
