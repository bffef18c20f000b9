"""CloudFront's edge: a distribution's name leads to its origins, API Gateway's among them, and nowhere else.

AWS: an origin may be an API's execute-api name, which answers HTTPS under its own Host only (CloudFront Developer
Guide, "Use various origins with CloudFront distributions"). An S3 origin answers 404 for an object that does not exist
where CloudFront may list the bucket, and 403 where it may not (S3 API Reference, GetObject).
Emulator: 502 for an execute-api origin; 403 for a missing object; looks at a request's path before its Host, so that
`/_ministack/…` and service paths under a distribution's name reach the account; serves no HTTPS, to which a
distribution may redirect.
Fix: serve what has a distribution's Host from that distribution, with viewers taken for HTTPS ones; call the API in
this process; ask the bucket's policy for s3:ListBucket.
Goes when: MiniStack does.
"""

import re
from typing import Any
from urllib.parse import parse_qs, unquote
from uuid import uuid4

from emulator.patching import module, original

API = re.compile(r"([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
FETCH = "origin method uri query_string headers body viewer_is_https client_ip viewer_xff dist_arn"
SERVE = "host path raw_path raw_query_string method headers body query_params client_ip"
EXECUTE = "host path method headers body query_params raw_path raw_query_string"


def apply() -> None:
    server, edge, storage = module("app"), module("services.cloudfront"), module("services.s3")
    _leads_to_the_distribution_only(server)
    _takes_viewers_for_https(edge)
    _reaches_apis(server, edge)
    _tells_what_is_missing(storage)


def distribution_at(host: str) -> bool:
    """Whether the Host header names a distribution of the account: `<label>.cloudfront.localhost:PORT`."""
    label = module("app")._parse_cloudfront_dataplane_host(host)
    return bool(label and module("services.cloudfront").find_distribution_for_label(label))


def _leads_to_the_distribution_only(server: Any) -> None:
    inside = original(server, "app", "scope receive send")
    serve = original(server, "_handle_cloudfront_dataplane_request", SERVE)
    read = original(server, "_read_request_body", "receive method headers")
    original(server, "pin_signed_request", "method raw_path query_params raw_headers handshake")
    respond = original(server, "_send_response", "send status headers body head")
    dated = original(server, "_with_date_header", "send")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = _headers(scope, server.decode_header_value) if scope["type"] == "http" else {}
        if not distribution_at(headers.get("host", "")):
            await inside(scope, receive, send)
            return
        method, raw_path = scope["method"], scope["raw_path"].decode("ascii")
        query = scope.get("query_string", b"").decode()
        arguments = parse_qs(query, keep_blank_values=True)
        client = (scope.get("client") or ("127.0.0.1",))[0]
        server.set_request_client_ip(client)
        # Looked up at each call: other fixes wrap it.
        server.pin_signed_request(method, raw_path, arguments, scope["headers"])
        body = await read(receive, method, headers)
        status, answered, content = await serve(
            headers["host"], scope["path"], raw_path, query, method, headers, body, arguments, client
        )
        if method == "HEAD":
            answered |= {"Content-Length": str(len(content))} if content else {}
            content = b""
        await respond(dated(send), status, answered, content, head=method == "HEAD")

    server.app = app


def _headers(scope: Any, decode: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), decode(value)
        joint = "; " if key == "cookie" else ", "  # RFC 9113 8.2.3, RFC 9110 5.2
        found[key] = f"{found[key]}{joint}{text}" if key in found else text
    return found


def _takes_viewers_for_https(edge: Any) -> None:
    check = original(
        edge, "_check_viewer_protocol_policy", "behavior method viewer_is_https request_uri query_string headers"
    )

    def check_as_https(behavior: Any, method: str, _https: bool, *request: Any) -> Any:
        return check(behavior, method, True, *request)

    edge._check_viewer_protocol_policy = check_as_https


def _reaches_apis(server: Any, edge: Any) -> None:
    fetch = original(edge, "_fetch_from_origin", FETCH)
    original(server, "_handle_execute_api_request", EXECUTE)
    sent_headers = original(edge, "_origin_request_headers", "origin headers client_ip viewer_x_forwarded_for")
    named = original(server, "_with_data_plane_headers", "response request_id include_s3_id wildcard_cors")
    pairs = original(edge, "_multidict_from_pairs", "pairs")

    async def fetch_from_origin(origin: Any, *request: Any) -> Any:
        api = API.fullmatch(edge._normalize_origin_host(origin["domain_name"]))
        if api is None:
            return await fetch(origin, *request)
        method, uri, query, headers, body, _https, *viewer = request
        if origin["protocol_policy"] == "http-only":
            raise edge.OriginUnreachable(f"{origin['domain_name']} does not answer HTTP")
        sent = {name.lower(): value for name, value in sent_headers(origin, headers, *viewer[:2]).items()}
        if sent["host"] != origin["domain_name"]:  # as when the viewer's is forwarded
            return 403, "Forbidden", {"content-type": "application/json"}, b'{"message":"Forbidden"}'
        path = origin["origin_path"] + uri
        here = f"/restapis/{api[1]}{re.sub('^/([^/]*)', r'/\1/_user_request_', path)}"
        answer = await server._handle_execute_api_request(
            "localhost",
            unquote(here),
            method,
            sent,
            body,
            parse_qs(query, keep_blank_values=True),
            raw_path=here,
            raw_query_string=query,
        )
        status, answered, content = named(answer, str(uuid4()), wildcard_cors=False)
        return status, "", pairs(_lines(answered)), content

    edge._fetch_from_origin = fetch_from_origin


def _lines(headers: Any) -> list[tuple[str, Any]]:
    return [(name, each) for name, value in headers.items() for each in (value if isinstance(value, list) else [value])]


def _tells_what_is_missing(storage: Any) -> None:
    fetch = original(storage, "serve_cloudfront_origin_fetch", "bucket_name key method headers source_arn oai_id")
    evaluator = module("core.iam_evaluator")
    original(evaluator, "evaluate_resource_policy", "doc ctx service named_only direct_only")

    def fetch_object(bucket: str, key: str, method: str, headers: Any, source_arn: str = "", oai_id: str = "") -> Any:
        answer = fetch(bucket, key, method, headers, source_arn, oai_id)
        held = storage._ensure_bucket(bucket)
        if held is None or key in held["objects"] or not may_list(bucket, source_arn):
            return answer
        return storage._error("NoSuchKey", "The specified key does not exist.", 404, f"/{bucket}/{key}")

    def may_list(bucket: str, source_arn: str) -> bool:
        policy = storage._bucket_policies.get_scoped(storage._bucket_owner_account(bucket), None, bucket)
        asked = evaluator.EvalContext(
            principal_arn="*",
            principal_type="Service",
            principal_account="",
            action="s3:ListBucket",
            resource_arn=f"arn:aws:s3:::{bucket}",
            region="",
            service_context={"aws:sourcearn": source_arn},
        )
        service = "cloudfront.amazonaws.com"
        return bool(policy) and evaluator.evaluate_resource_policy(policy, asked, service=service).decision == "Allow"

    storage.serve_cloudfront_origin_fetch = fetch_object
