"""REST APIs from an OpenAPI document: gateway responses, mocks, a name, and an id that survives updates.

AWS: importing a document applies `x-amazon-apigateway-gateway-responses` and the whole of an integration (API Gateway
Developer Guide, "OpenAPI extensions"), and names the API by the document's title (PutRestApi). CloudFormation updates a
changed Body in place (PutRestApi, mode overwrite), so that the API's id and URL stay.
Emulator: drops the gateway responses, so that 401 and 403 have API Gateway's own JSON instead of problem+json; drops
the templates and answers of integrations, so that mocks answer nothing; keeps the template's name; every change of the
document makes a new API with a new id.
Fix: import them; on update, empty the API and import into it again.
Left out: request validators, models, and templates of anything but mocks: functions do without.
Goes when: MiniStack imports whole integrations and gateway responses, and updates a Body in place.
"""

from collections.abc import Callable
from typing import Any

from emulator.patching import module, original, resource_handler


def apply() -> None:
    gateway = module("services.apigateway_v1")
    _import_mocks(gateway)
    _import_whole_documents(gateway)


def _import_mocks(gateway: Any) -> None:
    import_operation = original(
        gateway, "_import_operation", "api_id resource_id http_method operation scheme_map default_security"
    )

    def import_whole_operation(api_id: str, resource_id: str, method: str, operation: Any, *security: Any) -> None:
        import_operation(api_id, resource_id, method, operation, *security)
        integration = (operation or {}).get("x-amazon-apigateway-integration") or {}
        if integration.get("type", "").lower() != "mock":
            return
        imported = gateway._resources[api_id][resource_id]["resourceMethods"][method]["methodIntegration"]
        imported["requestTemplates"] = integration.get("requestTemplates") or {}
        imported["integrationResponses"] = {
            str(response["statusCode"]): {**response, "selectionPattern": "" if pattern == "default" else pattern}
            for pattern, response in (integration.get("responses") or {}).items()
        }

    gateway._import_operation = import_whole_operation


def _import_whole_documents(gateway: Any) -> None:
    provisioners = module("services.cloudformation.provisioners")
    import_api = original(gateway, "_import_rest_api", "spec base_data")
    update_api = original(
        provisioners, "_apigw_rest_api_update", "physical_id old_props new_props stack_name logical_id"
    )
    overwrite, name_and_responses = _overwriting(gateway), _naming(gateway)

    def import_rest_api(document: dict[str, Any], base_data: Any = None) -> str:
        api_id: str = import_api(document, base_data)
        name_and_responses(api_id, document)
        return api_id

    def update(api_id: str, old: dict[str, Any], new: dict[str, Any], stack: str, logical_id: str | None = None) -> Any:
        document = new.get("Body")
        if not (isinstance(document, dict) and api_id in gateway._resources):
            return update_api(api_id, old, new, stack, logical_id)
        if document != old.get("Body"):
            overwrite(api_id, document)
        updated = update_api(api_id, {**old, "Body": document}, new, stack, logical_id)
        name_and_responses(api_id, document)
        return updated

    gateway._import_rest_api = import_rest_api
    provisioners._apigw_rest_api_update = update
    resource_handler(provisioners, "AWS::ApiGateway::RestApi", "create", "update")["update"] = update


def _naming(gateway: Any) -> Callable[[str, dict[str, Any]], None]:
    put_response = original(gateway, "_put_gateway_response", "api_id response_type data")

    def name_and_responses(api_id: str, document: dict[str, Any]) -> None:
        if title := document.get("info", {}).get("title"):
            gateway._rest_apis[api_id]["name"] = title
        for kind, response in (document.get("x-amazon-apigateway-gateway-responses") or {}).items():
            status, _headers, body = put_response(api_id, kind, response)
            if status >= 400:
                raise ValueError(f"gateway response {kind}: {body!r}")

    return name_and_responses


def _overwriting(gateway: Any) -> Callable[[str, dict[str, Any]], None]:
    import_schemes = original(gateway, "_import_security_schemes", "api_id spec")
    import_path = original(gateway, "_import_path_item", "api_id path path_item scheme_map default_security")

    def overwrite(api_id: str, document: dict[str, Any]) -> None:
        root = next(item for item in gateway._resources[api_id].values() if item["path"] == "/")
        root["resourceMethods"] = {}
        gateway._resources[api_id] = {root["id"]: root}
        gateway._authorizers_v1[api_id] = {}
        gateway._gateway_responses[api_id] = {}
        schemes = import_schemes(api_id, document)
        for path, item in (document.get("paths") or {}).items():
            import_path(api_id, path, item, schemes, document.get("security"))

    return overwrite
