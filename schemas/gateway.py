"""Generates API Gateway's document from `api/openapi.yaml`: the routes, who may call them, and the functions behind
them. Adds what follows from each route: HEAD wherever there is GET, and what allows a web page of a listed origin to
call it.

The document contains no schemas and no references to responses. API Gateway turns a schema into a model in its own JSON
Schema, and refuses the whole document if a keyword is unknown there, such as `example` or `nullable`. It does not
follow references to responses either (API Gateway Developer Guide, "Amazon API Gateway important notes"). Neither is
needed, because the functions validate their input.
"""

from pathlib import Path
from typing import Any

import yaml

from schemas import browsers

_DOCUMENT = Path(__file__).resolve().parent.parent / "api" / "openapi.yaml"
_HEAD = "# Written by `make schemas` from api/openapi.yaml: change it there.\n"
_GATEWAY_RESPONSES, _INTEGRATION = "x-amazon-apigateway-gateway-responses", "x-amazon-apigateway-integration"


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True  # CloudFormation takes none


def document() -> str:
    whole = yaml.safe_load(_DOCUMENT.read_text())
    parameters = whole["components"]["parameters"]
    given = {
        "openapi": whole["openapi"],
        # The import uses the title as the API's name (PutRestApi). Metrics and alarms identify the API only by this
        # name.
        "info": {**whole["info"], "title": {"Fn::Sub": "${BusName}"}},
        "paths": {path: _methods(path, methods, parameters) for path, methods in whole["paths"].items()},
        _GATEWAY_RESPONSES: {
            kind: {**response, "responseParameters": {**response["responseParameters"], **browsers.gateway_headers()}}
            for kind, response in whole[_GATEWAY_RESPONSES].items()
        },
        "components": {"securitySchemes": whole["components"]["securitySchemes"]},
    }
    return _HEAD + yaml.dump(given, Dumper=_Dumper, sort_keys=False, width=1000)


def _methods(path: str, methods: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    in_path = [_in_path(name) for name in parameters if f"{{{name}}}" in path]
    written = {method: _operation(operation, in_path) for method, operation in methods.items()}
    if "get" in written:
        written["head"] = {**written["get"], "operationId": f"{written['get']['operationId']}Head"}
    return {**written, "options": browsers.preflight([method.upper() for method in written], in_path)}


def _operation(operation: dict[str, Any], in_path: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "operationId": operation["operationId"],
        **({"security": operation["security"]} if "security" in operation else {}),
        **({"parameters": in_path} if in_path else {}),
        "responses": {"200": {"description": "The function's response"}},
        _INTEGRATION: operation[_INTEGRATION],
    }


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
