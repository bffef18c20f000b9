"""Handlers behind API Gateway: a typed request in, a response out, and problem+json for every error."""

import base64
import codecs
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from http import HTTPStatus
from typing import Any, NoReturn

from botocore.exceptions import ClientError
from pydantic import BaseModel, ValidationError

from shopkit import conditional, cors
from shopkit.aws import is_busy
from shopkit.optimistic import Contended
from shopkit.problems import Problem, bad_request, busy, conflict, forbidden, invalid_body, pointer
from shopkit.rows import Unreadable
from shopkit.telemetry import concerns, logger, tracer
from shopkit.types import LambdaHandler

# Far below API Gateway's 10 MB and SNS's 256 KB, far above an order of 50 lines.
MAX_BODY_BYTES = 64 * 1024
_MOST_DIGITS = 1000
# Headers that have exactly one value (RFC 9110 §5.3; in the Idempotency-Key draft: an Item).
_ONCE = ("authorization", "content-length", "content-type", "host", "idempotency-key")


@dataclass(frozen=True)
class Caller:
    """The authenticated caller. `customer_id` is the ID token's `sub`."""

    customer_id: str
    operator: bool


@dataclass(frozen=True)
class Request:
    path: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw_body: bytes
    claims: Mapping[str, str]

    @property
    def caller(self) -> Caller:
        groups = groups_of(self.claims.get("cognito:groups", ""), self.headers.get("authorization", ""))
        return Caller(customer_id=self.claims["sub"], operator="operators" in groups)

    def require_operator(self) -> Caller:
        if not self.caller.operator:
            raise forbidden("Only operators may do this.")
        return self.caller

    def body[M: BaseModel](self, model: type[M]) -> M:
        """Returns the body as `model`. Raises Problem: 413 if too large, 415 if not JSON, 400 if invalid."""
        if len(self.raw_body) > MAX_BODY_BYTES:
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "body-too-large",
                f"The request body is larger than {MAX_BODY_BYTES} bytes.",
            )
        _require_utf8_json(self.headers)
        try:
            return model.model_validate(strict_json(self.raw_body))
        except ValidationError as error:
            raise invalid_body(error) from error


@dataclass(frozen=True)
class Response:
    status: HTTPStatus
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


def endpoint(respond: Callable[[Request], Response]) -> LambdaHandler:
    """Makes a handler for a Lambda proxy integration. Problems and unexpected exceptions become problem+json."""

    @wraps(respond)
    def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        instance, to_browsers = event.get("path", ""), cors.headers(event)
        try:
            request = _request(event)
            concerns(request.parameters.get("order_id"))
            response = _respond(respond, request)
            concerns(response.body.get("order_id"))
            logger.info("answered", status=int(response.status), path=instance)
            answered = _proxy_response(
                response.status, response.body, "application/json", {**response.headers, **to_browsers}
            )
            return conditional.answered(event, answered)
        except Problem as problem:
            logger.info("answered", status=int(problem.status), path=instance, problem=problem.slug)
            return _proxy_response(
                problem.status,
                problem.document(instance),
                "application/problem+json",
                {**problem.headers, **to_browsers},
            )
        except Exception:  # noqa: BLE001
            # Without this the caller would get API Gateway's bare 502.
            logger.exception("failed", path=instance)
            failure = Problem(
                HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", "An unexpected error occurred. Try again later."
            )
            return _proxy_response(failure.status, failure.document(instance), "application/problem+json", to_browsers)

    return tracer.capture_lambda_handler(handler, capture_response=False)


def _respond(respond: Callable[[Request], Response], request: Request) -> Response:
    """Raises Problem, also for a busy database (503) and for a stored row that cannot be read (409)."""
    try:
        return respond(request)
    except Contended as contended:
        raise busy() from contended
    except ClientError as refused:
        if is_busy(refused):
            raise busy() from refused
        raise
    except Unreadable as unreadable:
        logger.error("unreadable row", row=str(unreadable))
        raise conflict("unreadable", "The stored data is invalid. An operator must repair it first.") from unreadable


def _require_utf8_json(headers: Mapping[str, str]) -> None:
    """Accepts only uncompressed JSON in UTF-8. Raises Problem 415 for anything else (RFC 9110 §15.5.16)."""
    media_type, *parameters = (part.strip().lower() for part in headers.get("content-type", "").split(";"))
    if media_type != "application/json":
        raise _unsupported("Send the body as application/json.")
    if headers.get("content-encoding", "").strip().lower() not in {"", "identity"}:
        raise _unsupported("Send the body without a Content-Encoding.")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in {"utf-8", "utf8"}:
            raise _unsupported("Send the body in UTF-8.")


def _unsupported(detail: str) -> Problem:
    return Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)


def groups_of(claim: str, token: str) -> list[str]:
    """Returns the groups of a caller whose ID token the authorizer has accepted.

    The authorizer passes the groups as one string: "a,b" in a REST API, "[a b]" in an HTTP API. A group's name may
    contain commas and brackets, but no spaces (Cognito API reference, CreateGroup), so "a,b" may be a single group.
    The token itself has a list. The list is used only if it matches the claim.
    """
    try:
        payload = token.rpartition(" ")[2].split(".")[1]
        listed = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["cognito:groups"]
        if claim in (",".join(listed), f"[{' '.join(listed)}]"):
            return list(listed)
    except (ValueError, LookupError, TypeError, RecursionError):
        pass  # the authorizer accepts no such token
    return claim[1:-1].split(" ") if claim.startswith("[") and claim.endswith("]") else [claim]


def strict_json(raw: bytes) -> Any:
    """Parses JSON (RFC 8259) strictly. Raises Problem 400 also for a byte order mark, duplicate names, NaN, unpaired
    surrogates and NUL."""
    if raw.startswith(codecs.BOM_UTF8):
        raise bad_request("malformed-json", "The request body starts with a byte order mark. Send it without one.")
    try:
        document = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_whole_number
        )
        _require_storable_text(document, ())
    except RecursionError as error:
        raise bad_request("malformed-json", "The request body is nested too deeply.") from error
    except UnicodeError as error:
        raise bad_request("malformed-json", "The request body contains text that is not valid Unicode.") from error
    except ValueError as error:
        raise bad_request("malformed-json", f"The request body is not valid JSON: {error}.") from error
    return document


def _require_storable_text(node: Any, at: tuple[str | int, ...]) -> None:
    match node:
        case str() if "\x00" in node or not _is_unicode(node):
            raise bad_request(
                "malformed-json",
                "The request body contains NUL or text that is not valid Unicode.",
                errors=[{"pointer": pointer(at), "detail": "should contain neither NUL nor unpaired surrogates"}],
            )
        case dict():
            for name, value in node.items():
                _require_storable_text(name, at)
                _require_storable_text(value, (*at, name))
        case list():
            for index, value in enumerate(node):
                _require_storable_text(value, (*at, index))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # an escaped lone surrogate is valid JSON but not valid text
        return False
    return True


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("a name appears twice in one object")
    return names


def _whole_number(digits: str) -> int:
    # Python's own error message for such numbers mentions interpreter settings.
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number has more than {_MOST_DIGITS} digits")
    return int(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _request(event: dict[str, Any]) -> Request:
    try:
        body = event.get("body") or ""
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode("utf-8")
    except ValueError as error:  # not Base64, or not UTF-8
        raise bad_request("malformed-body", "The request body is not valid UTF-8.") from error
    _require_once(event.get("multiValueHeaders") or {})
    return Request(
        path=event.get("path", ""),
        parameters=event.get("pathParameters") or {},
        query=event.get("queryStringParameters") or {},
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        raw_body=raw,
        claims=(event.get("requestContext", {}).get("authorizer") or {}).get("claims") or {},
    )


def _require_once(sent: Mapping[str, Sequence[str]]) -> None:
    """Raises Problem 400 for a header that must not be repeated: choosing or joining values would be a guess."""
    times = Counter(name.lower() for name, values in sent.items() for _ in values)
    repeated = [name for name in _ONCE if times[name] > 1]
    if repeated:
        names = ", ".join(name.title() for name in repeated)
        raise bad_request("repeated-header", f"Send each of these headers only once: {names}.")


def _proxy_response(
    status: HTTPStatus, body: Mapping[str, Any], content_type: str, headers: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "statusCode": int(status),
        "headers": {"Content-Type": content_type, **headers},
        "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
    }
