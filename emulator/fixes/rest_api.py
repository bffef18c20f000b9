"""REST APIs from an OpenAPI document: gateway responses, and an id that survives updates.

AWS: importing a document applies `x-amazon-apigateway-gateway-responses` (API Gateway Developer Guide, "OpenAPI
extensions"), and CloudFormation updates a changed Body in place (PutRestApi, mode overwrite), so that the API's id and
URL stay.
Emulator: drops the gateway responses, so that 401 and 403 have API Gateway's own JSON instead of problem+json; every
change of the document makes a new API with a new id.
Fix: import the gateway responses; on update, empty the API and import into it again.
Left out: request validators, models and mapping templates, which an API of AWS_PROXY integrations does without.
Goes when: MiniStack imports gateway responses and updates a Body in place.
"""

from typing import Any

from emulator.patching import module, original, resource_handler


def apply() -> None:
    gateway = module("services.apigateway_v1")
    provisioners = module("services.cloudformation.provisioners")
    import_api = original(gateway, "_import_rest_api", "spec base_data")
    import_schemes = original(gateway, "_import_security_schemes", "api_id spec")
    import_path = original(gateway, "_import_path_item", "api_id path path_item scheme_map default_security")
    put_response = original(gateway, "_put_gateway_response", "api_id response_type data")
    update_api = original(
        provisioners, "_apigw_rest_api_update", "physical_id old_props new_props stack_name logical_id"
    )

    def gateway_responses(api_id: str, document: dict[str, Any]) -> None:
        for kind, response in (document.get("x-amazon-apigateway-gateway-responses") or {}).items():
            status, _headers, body = put_response(api_id, kind, response)
            if status >= 400:
                raise ValueError(f"gateway response {kind}: {body!r}")

    def import_rest_api(document: dict[str, Any], base_data: Any = None) -> str:
        api_id: str = import_api(document, base_data)
        gateway_responses(api_id, document)
        return api_id

    def overwrite(api_id: str, document: dict[str, Any]) -> None:
        root = next(item for item in gateway._resources[api_id].values() if item["path"] == "/")
        root["resourceMethods"] = {}
        gateway._resources[api_id] = {root["id"]: root}
        gateway._authorizers_v1[api_id] = {}
        gateway._gateway_responses[api_id] = {}
        schemes = import_schemes(api_id, document)
        for path, item in (document.get("paths") or {}).items():
            import_path(api_id, path, item, schemes, document.get("security"))
        gateway_responses(api_id, document)

    def update(api_id: str, old: dict[str, Any], new: dict[str, Any], stack: str, logical_id: str | None = None) -> Any:
        document = new.get("Body")
        if isinstance(document, dict) and document != old.get("Body") and api_id in gateway._resources:
            overwrite(api_id, document)
            old = {**old, "Body": document}
        return update_api(api_id, old, new, stack, logical_id)

    gateway._import_rest_api = import_rest_api
    provisioners._apigw_rest_api_update = update
    resource_handler(provisioners, "AWS::ApiGateway::RestApi", "create", "update")["update"] = update
