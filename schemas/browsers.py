"""What allows a web page of a listed origin to call the API: preflights, and headers on API Gateway's own responses.

`AllowedOrigins` is a parameter of `api/template.yaml`. Functions add their headers themselves (`shopkit/cors.py`).
Source: WHATWG Fetch, "CORS protocol".
"""

from typing import Any

from shopkit import cors

_HEADER = "$context.responseOverride.header"
_NOTHING = {"Ref": "AWS::NoValue"}


def preflight(methods: list[str], in_path: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the OPTIONS method of a path. API Gateway answers it by itself, without a token and without a
    function."""
    granted = {
        "Access-Control-Allow-Origin": "$origin",
        "Access-Control-Allow-Methods": f'"{", ".join(methods)}"',
        "Access-Control-Allow-Headers": f'"{cors.ALLOWED_HEADERS}"',
        "Access-Control-Max-Age": f'"{cors.MAX_AGE_SECONDS}"',
    }
    return {
        **({"parameters": in_path} if in_path else {}),
        "responses": {
            "204": {
                "description": "What a page of a listed origin may send",
                "headers": {name: {"schema": {"type": "string"}} for name in ("Vary", *granted)},
            }
        },
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "passthroughBehavior": "never",
            "requestTemplates": {"application/json": '{"statusCode": 204}'},
            "responses": {
                "default": {
                    "statusCode": "204",
                    "responseParameters": {"method.response.header.Vary": "'Origin'"},
                    "responseTemplates": {"application/json": _if_listed(granted)},
                }
            },
        },
    }


def _if_listed(granted: dict[str, str]) -> dict[str, Any]:
    """Returns a template (VTL) that adds the headers for a listed origin and otherwise nothing. HTTP/2 sends header
    names in lower case, and `$input.params()` is case-sensitive."""
    template = (
        '#set($origin = $input.params("Origin"))'
        '#if($origin == "")#set($origin = $input.params("origin"))#end'
        '#set($allowed = ["${Origins}"])'
        '#if($origin != "" && $allowed.contains($origin))'
        + "".join(f"#set({_HEADER}.{name} = {value})" for name, value in granted.items())
        + "#end"
    )
    listed = {"Fn::Join": ['","', {"Fn::Split": [",", {"Ref": "AllowedOrigins"}]}]}
    return {"Fn::Sub": [template, {"Origins": listed}]}


def gateway_headers() -> dict[str, Any]:
    """Returns the headers of responses that API Gateway creates itself, such as 401. Their templates are not processed
    (API Gateway Developer Guide, "x-amazon-apigateway-gateway-responses.gatewayResponse object"), so they cannot depend
    on the caller and name the first of the listed origins. Repeating the caller's origin would allow every page to read
    these responses."""
    first = {"Fn::Select": [0, {"Fn::Split": [",", {"Ref": "AllowedOrigins"}]}]}
    headers: dict[str, Any] = {
        "Access-Control-Allow-Origin": {"Fn::Sub": ["'${Origin}'", {"Origin": first}]},
        "Access-Control-Expose-Headers": f"'{cors.EXPOSED_HEADERS}'",
        "Vary": "'Origin'",
    }
    return {
        f"gatewayresponse.header.{name}": {"Fn::If": ["PagesMayCall", value, _NOTHING]}
        for name, value in headers.items()
    }
