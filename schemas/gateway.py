"""What API Gateway is given of the front door's document: the routes, who may take them, and what stands behind them.

Of a schema it makes a model in a JSON Schema of its own, and refuses the whole document over a keyword that this one
lacks, such as `example` or `nullable`; nor does it follow references to responses (API Gateway Developer Guide, "Amazon
API Gateway important notes"). It needs neither: functions check what they are sent.
"""

from pathlib import Path
from typing import Any

import yaml

_DOCUMENT = Path(__file__).resolve().parent.parent / "api" / "openapi.yaml"
_HEAD = "# Written by `make schemas` from api/openapi.yaml: change it there.\n"
_GATEWAY_RESPONSES, _INTEGRATION = "x-amazon-apigateway-gateway-responses", "x-amazon-apigateway-integration"


def document() -> str:
    whole = yaml.safe_load(_DOCUMENT.read_text())
    parameters = whole["components"]["parameters"]
    given = {
        "openapi": whole["openapi"],
        "info": whole["info"],
        "paths": {
            path: {method: _operation(path, operation, parameters) for method, operation in methods.items()}
            for path, methods in whole["paths"].items()
        },
        _GATEWAY_RESPONSES: whole[_GATEWAY_RESPONSES],
        "components": {"securitySchemes": whole["components"]["securitySchemes"]},
    }
    return _HEAD + yaml.safe_dump(given, sort_keys=False, width=1000)


def _operation(path: str, operation: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    in_path = [name for name in parameters if f"{{{name}}}" in path]
    return {
        "operationId": operation["operationId"],
        **({"security": operation["security"]} if "security" in operation else {}),
        **({"parameters": [_in_path(name) for name in in_path]} if in_path else {}),
        "responses": {"200": {"description": "The function's answer"}},
        _INTEGRATION: operation[_INTEGRATION],
    }


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
