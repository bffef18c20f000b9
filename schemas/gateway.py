"""What API Gateway is given of the front door's document: the routes, who may take them, and what stands behind them;
beside them what follows from a route: HEAD where GET is, and what lets a web page of a listed origin call it.

Of a schema it makes a model in a JSON Schema of its own, and refuses the whole document over a keyword that this one
lacks, such as `example` or `nullable`; nor does it follow references to responses (API Gateway Developer Guide, "Amazon
API Gateway important notes"). It needs neither: functions check what they are sent.
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
        # The import gives the API its title for a name (PutRestApi), and its metrics and alarms know it by that alone.
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
        "responses": {"200": {"description": "The function's answer"}},
        _INTEGRATION: operation[_INTEGRATION],
    }


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
