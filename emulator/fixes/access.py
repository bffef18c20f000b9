"""Who may talk to the embedded AWS: the bearers of its keys, and nobody's web page.

AWS: everything needs a valid signature of an active key (AWS Signature Version 4), but for the operations that sign up
and sign in, and what an API of the account lets in itself (API Gateway's authorizers). Its endpoints have names of
their own; Cognito's alone sends CORS headers for a browser to use, and lets in every origin. CloudFormation's custom
resources answer at an address that only they know.
Emulator: checks signatures of roles and users only; key `test`, an account number and no key at all are the root user,
whatever the secret; every Host and Origin is served, with Access-Control-Allow-Origin: *; `/_ministack/reset` empties
the account. A web page could call it (a simple cross-origin POST, DNS rebinding), and so could every other user of the
machine: to deploy a function is to run code here.
Fix: one check before everything. The Host must be this machine's. What is not for an API or a distribution of the
account needs a valid signature and no foreign Origin; a page of this machine may sign in. The root user's key is random
at each start, and so are the secrets of roles.
Goes when: never; MiniStack is meant for closed networks.
"""

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from emulator.fixes.distributions import distribution_at
from emulator.patching import expect, module, original

LOCAL_NAMES = re.compile(r"127\.0\.0\.1|::1|([a-z0-9.-]+\.)?localhost")
HTTP_PORT = 80
SHOP = re.compile(r"/restapis/[^/]+/[^/]+/_user_request_(/|$)")
TOKEN_KEYS = re.compile(r"/[^/]+/\.well-known/(jwks\.json|openid-configuration)")
HEALTH = "/_ministack/health"
CUSTOM_RESOURCE = re.compile(r"/_ministack/cfn-response/[0-9a-f-]{36}")
ADMINISTRATION = ("/_ministack", "/_localstack")
COGNITO = "AWSCognitoIdentityProviderService."
FORBIDDEN = 403
ALGORITHM = "AWS4-HMAC-SHA256"
# What Cognito lets a page of any origin send and read.
SIGN_IN_CORS = {
    b"access-control-allow-methods": b"POST",
    b"access-control-allow-headers": b"content-type, x-amz-target, x-amz-user-agent",
    b"access-control-expose-headers": b"x-amzn-errormessage, x-amzn-errortype, x-amzn-requestid",
    b"access-control-max-age": b"600",
    b"vary": b"origin",
}
UNHASHED = ("UNSIGNED-PAYLOAD", "STREAMING-")  # bodies that are not in their request's signature: S3 allows them

Headers = dict[str, str]


class Refused(Exception):
    """The request goes no further; the message says why, and `code` is AWS's name for it."""

    def __init__(self, message: str, code: str = "AccessDeniedException") -> None:
        super().__init__(message)
        self.code = code


def apply() -> None:
    server = module("app")
    expect(server.AUTH, "AUTH=true")
    expect(os.environ.get("AWS_SECRET_ACCESS_KEY"), "the root user's key in the environment")
    server.app = Gate(server, original(server, "app", "scope receive send"))
    _secret_roles(module("core.lambda_runtime"))


def _secret_roles(runtime: Any) -> None:
    """The emulator computes the credentials of a function's role from names that everyone can guess."""
    functions, sessions = module("services.lambda_svc"), module("services.sts")
    given = original(runtime, "execution_credentials", "config")
    expect(functions.execution_credentials is given, "one source of roles' credentials")
    original(sessions, "register_session", "access_key session")
    key = secrets.token_bytes(32)

    def execution_credentials(config: Mapping[str, Any]) -> Headers:
        function, role = config["FunctionArn"], config.get("Role", "")

        def derived(what: str) -> str:
            return hmac.digest(key, f"{what} {function} {role}".encode(), "sha256").hex()

        access_key, account, name = (
            f"ASIA{derived('key')[:16].upper()}",
            function.split(":")[4],
            role.rsplit("/", 1)[-1],
        )
        session = config.get("FunctionName", "function")[:64]
        secret, token = derived("secret"), derived("token")
        sessions.register_session(
            access_key,
            {
                "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
                "UserId": f"{name}:{session}",
                "SecretAccessKey": secret,
                "SessionToken": token,
            },
        )
        return {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}

    runtime.execution_credentials = functions.execution_credentials = execution_credentials


class Gate:
    """The ASGI application before the emulator's own."""

    def __init__(self, server: Any, inside: Any) -> None:
        self.server, self.inside = server, inside
        self.sigv4, self.iam = module("core.sigv4"), module("core.iam_evaluator")
        original(self.sigv4, "parse_header_signature", "headers")
        original(self.sigv4, "parse_query_signature", "query_params")
        original(self.iam, "resolve_credential", "access_key_id account_id session_token")
        self.unsigned: frozenset[str] = module("core.iam_actions").unsigned_operations("cognito-idp")
        self.port = int(os.environ["GATEWAY_PORT"])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self.inside(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope)
        try:
            self._check_host(request)
            # An API has its own authorizers and its own CORS, and a distribution leads to nothing else but files.
            if not (SHOP.match(request.path) or distribution_at(request.headers["host"])):
                origin = self._local_page(request)
                if origin and request.method == "OPTIONS":
                    await _allow(origin, send)
                    return
                if not origin:
                    self._check_origin(request)
                send = partial(_send_with_own_cors, send, origin)
                if not self._public(request):
                    request.body = await _body(receive)
                    receive = partial(_replay, [request.body], receive)
                    self._check_signature(request)
        except Refused as refused:
            await self._answer(request, refused, send)
        else:
            await self.inside(scope, receive, send)

    def _check_host(self, request: "Request") -> None:
        try:
            host = urlsplit(f"//{request.headers.get('host', '')}")
            local = LOCAL_NAMES.fullmatch(host.hostname or "") and (host.port or HTTP_PORT) == self.port
        except ValueError:
            local = False
        if not local:
            raise Refused("The embedded AWS answers only to localhost and its port")

    def _check_origin(self, request: "Request") -> None:
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != request.headers["host"].lower():
            raise Refused("The embedded AWS does not answer web pages")

    def _local_page(self, request: "Request") -> str:
        """The origin of a page of this machine that signs in, or is about to; else nothing."""
        try:
            origin = urlsplit(request.headers.get("origin", ""))
            local = LOCAL_NAMES.fullmatch(origin.hostname or "") and origin.scheme in ("http", "https")
        except ValueError:
            local = False
        asks = request.method == "OPTIONS" and request.path == "/" and request.bare
        return request.headers["origin"] if local and (asks or self._signs_in(request)) else ""

    def _public(self, request: "Request") -> bool:
        if request.method == "GET" and (request.path == HEALTH or TOKEN_KEYS.fullmatch(request.path)):
            return True
        if request.method == "PUT" and request.bare and CUSTOM_RESOURCE.fullmatch(request.path):
            return True
        return self._signs_in(request)

    def _signs_in(self, request: "Request") -> bool:
        target = request.headers.get("x-amz-target", "")
        sign_in = request.method == "POST" and target.startswith(COGNITO) and request.path == "/"
        return sign_in and request.bare and target.removeprefix(COGNITO) in self.unsigned

    def _check_signature(self, request: "Request") -> None:
        presigned = "authorization" not in request.headers
        if request.bare:
            raise Refused("Request is missing Authentication Token", "MissingAuthenticationToken")
        if not presigned and not request.headers["authorization"].startswith(f"{ALGORITHM} "):
            raise Refused("Only signatures of version 4 are accepted", "IncompleteSignature")
        if presigned:
            signature = self.sigv4.parse_query_signature(request.query)
        else:
            signature = self.sigv4.parse_header_signature(request.headers)
        if isinstance(signature, tuple):
            raise Refused(signature[1], signature[0])
        # The emulator acts for the key that it finds; it must be the one whose signature was checked.
        if self.server.extract_access_key_id(request.headers, request.query) != signature.access_key_id:
            raise Refused("The request names more than one key", "IncompleteSignature")
        self._check_time(request, signature, presigned)
        self._check_body(request, signature.service)
        failure = self.sigv4.header_signature_failure(
            signature,
            self._secret(request, signature.access_key_id, presigned),
            request.method,
            request.raw_path,
            request.query,
            request.headers,
            request.body,
            presigned=presigned,
        )
        if failure:
            raise Refused(failure[1], failure[0])
        if request.path.startswith(ADMINISTRATION) and signature.access_key_id != os.environ["AWS_ACCESS_KEY_ID"]:
            raise Refused("Only the root user administers the embedded AWS")

    def _check_time(self, request: "Request", signature: Any, presigned: bool) -> None:
        failure = None
        if not presigned:
            failure = self.sigv4.request_time_failure(signature)
        elif (expires := request.parameter("X-Amz-Expires")) or signature.service == "s3":
            try:
                if self.sigv4.presigned_request_is_expired(signature.amz_date, expires):
                    failure = ("AccessDenied", "Request has expired")
            except ValueError:
                failure = ("IncompleteSignature", "X-Amz-Date and X-Amz-Expires are a date and seconds")
        else:
            failure = self.sigv4.request_time_failure(signature)
        if failure:
            raise Refused(failure[1], failure[0])

    def _check_body(self, request: "Request", service: str) -> None:
        claimed = request.headers.get("x-amz-content-sha256", "")
        if not claimed or (service == "s3" and claimed.startswith(UNHASHED)):
            return
        if not hmac.compare_digest(claimed.encode(), hashlib.sha256(request.body).hexdigest().encode()):
            raise Refused("The provided x-amz-content-sha256 does not match what was sent", "InvalidSignatureException")

    def _secret(self, request: "Request", key: str, presigned: bool) -> str:
        """The secret of the root user's key, or of one that the emulator issued and that is still valid."""
        if hmac.compare_digest(key.encode(), os.environ["AWS_ACCESS_KEY_ID"].encode()):
            return os.environ["AWS_SECRET_ACCESS_KEY"]
        unknown = Refused("The security token included in the request is invalid.", "UnrecognizedClientException")
        if self.iam.is_root_access_key(key):  # the emulator's other names of the root user
            raise unknown
        try:
            account = self.iam.find_iam_access_key_account(key) or self._account_of_session(key)
        except self.iam.AmbiguousAccessKeyError:
            raise unknown from None
        token = (
            request.parameter("X-Amz-Security-Token") if presigned else request.headers.get("x-amz-security-token", "")
        )
        credential = self.iam.resolve_credential(key, account, token)
        if isinstance(credential, self.iam.CredentialResolutionError):
            raise Refused(credential.message, credential.code)
        return str(credential.secret_access_key)

    def _account_of_session(self, key: str) -> str | None:
        found: str | None = module("core.responses")._account_from_sts_session(key)
        return found

    async def _answer(self, request: "Request", refused: Refused, send: Any) -> None:
        """A refusal in the protocol of the service that was meant, so that its SDK understands it."""
        service = self.server.detect_service(request.method, request.path, request.headers, request.query)
        status, headers, body = module("core.iam_actions").access_denied_response(
            service, "", "", "", error_code=refused.code, message=str(refused), headers=request.headers
        )
        if not service or request.path.startswith(ADMINISTRATION):
            status, headers, body = (
                FORBIDDEN,
                {"Content-Type": "application/json"},
                json.dumps({"message": str(refused)}),
            )
        body = body.encode() if isinstance(body, str) else body
        names = [(name.lower().encode(), str(value).encode()) for name, value in headers.items()]
        length = [(b"content-length", str(len(body)).encode())]
        start = {"type": "http.response.start", "status": max(status, FORBIDDEN)}
        await send({**start, "headers": [pair for pair in names if pair[0] != b"content-length"] + length})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})


class Request:
    """A request as it arrived, read as the emulator reads it."""

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self.method, self.path = str(scope["method"]), str(scope["path"])
        self.raw_path = (scope.get("raw_path") or quote(self.path).encode()).decode("latin-1")
        self.query = parse_qs(scope.get("query_string", b"").decode("utf-8", "replace"), keep_blank_values=True)
        self.body = b""
        self.headers: Headers = {}
        for name, value in scope.get("headers", []):
            key, text = name.decode("latin-1").lower(), value.decode("utf-8", "replace")
            # SigV4 signs a header sent on several lines as its values joined by a comma.
            self.headers[key] = f"{self.headers[key]},{text}" if key in self.headers else text

    @property
    def bare(self) -> bool:
        """Whether it names no credentials at all."""
        named = ("x-amz-credential", "x-amz-signature", "x-amz-algorithm", "awsaccesskeyid")
        return "authorization" not in self.headers and not any(name.lower() in named for name in self.query)

    def parameter(self, name: str) -> str:
        values: list[str] = self.query.get(name) or self.query.get(name.lower()) or [""]
        return values[0]


async def _body(receive: Any) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise Refused("The request ended before its body", "IncompleteBody")
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def _replay(read: list[bytes], receive: Any) -> Any:
    if read:
        return {"type": "http.request", "body": read.pop(), "more_body": False}
    return await receive()


async def _send_with_own_cors(send: Any, origin: str, message: dict[str, Any]) -> None:
    """Only the shop's API speaks to browsers of other origins, and Cognito to a page of this machine that signs in."""
    if message["type"] == "http.response.start":
        kept = [pair for pair in message["headers"] if not pair[0].lower().startswith(b"access-control-")]
        message = {**message, "headers": kept + (_cors(origin) if origin else [])}
    await send(message)


async def _allow(origin: str, send: Any) -> None:
    """What a browser asks before a page of this machine signs in."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0"), *_cors(origin)]})
    await send({"type": "http.response.body", "body": b""})


def _cors(origin: str) -> list[tuple[bytes, bytes]]:
    return [(b"access-control-allow-origin", origin.encode("latin-1")), *SIGN_IN_CORS.items()]
