"""What a REST API's Cognito authorizer lets in, and how it hands on what the token says.

AWS: a method without scopes takes ID tokens, one with scopes access tokens, and nothing takes refresh tokens (API
Gateway Developer Guide, "Control access to a REST API using Amazon Cognito user pools as authorizer"). A list among the
claims reaches the function as one string, joined by commas.
Emulator: any token that the pool has signed passes; lists look as those of an HTTP API do, "[a b]".
Fix: look at `token_use`; join by commas.
Goes when: MiniStack does both.
"""

from typing import Any

from emulator.patching import module, original


def apply() -> None:
    gateway = module("services.apigateway_v1")
    validate = original(gateway, "_validate_cognito_authorizer", "authorizer method_obj headers query_params stage")
    stringify = original(gateway, "_stringify_claims", "claims")

    async def validate_use(authorizer: Any, method: dict[str, Any], *request: Any) -> Any:
        claims, refused = await validate(authorizer, method, *request)
        wanted = "access" if method.get("authorizationScopes") else "id"
        if refused is None and claims.get("token_use") != wanted:
            return None, gateway._gw_error("UNAUTHORIZED", "Unauthorized")
        return claims, refused

    def stringify_lists(claims: dict[str, Any]) -> dict[str, str]:
        joined = {name: ",".join(map(str, value)) for name, value in claims.items() if isinstance(value, list)}
        return {**stringify(claims), **joined}

    gateway._validate_cognito_authorizer = validate_use
    gateway._stringify_claims = stringify_lists
