"""What a function behind API Gateway needs: a request to read, an answer to give, and never a 500 for bad input."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from http import HTTPStatus
from typing import Any, NoReturn

from botocore.exceptions import ClientError
from pydantic import BaseModel, ValidationError

from shopkit.aws import is_busy
from shopkit.optimistic import Contended
from shopkit.problems import Problem, bad_request, busy, conflict, forbidden, invalid_body
from shopkit.rows import Unreadable
from shopkit.telemetry import logger, tracer

# Far below API Gateway's 10 MB and SNS's 256 KB, far above an order of 50 lines.
MAX_BODY_BYTES = 64 * 1024
_MOST_DIGITS = 1000

type LambdaHandler = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True)
class Caller:
    """Who the front door's authorizer says is calling; `customer_id` is the ID token's `sub`."""

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
        # Groups reach a proxy integration as one string, "a,b" or "[a b]" depending on the path they take.
        groups = self.claims.get("cognito:groups", "").strip("[]").replace(",", " ").split()
        return Caller(customer_id=self.claims["sub"], operator="operators" in groups)

    def require_operator(self) -> Caller:
        if not self.caller.operator:
            raise forbidden("This is for operators.")
        return self.caller

    def body[M: BaseModel](self, model: type[M]) -> M:
        """The body as `model`. Raises Problem: 413 too large, 415 not sent as JSON, 400 not of that form."""
        if len(self.raw_body) > MAX_BODY_BYTES:
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "body-too-large",
                f"The body has more than {MAX_BODY_BYTES} bytes.",
            )
        media_type = self.headers.get("content-type", "").split(";")[0].strip().lower()
        if media_type != "application/json":
            raise Problem(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Send the body as application/json."
            )
        try:
            return model.model_validate(strict_json(self.raw_body))
        except ValidationError as error:
            raise invalid_body(error) from error


@dataclass(frozen=True)
class Response:
    status: HTTPStatus
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


def endpoint(answer: Callable[[Request], Response]) -> LambdaHandler:
    """A Lambda proxy integration's handler: problems become problem+json, and so does what nobody expected."""

    @wraps(answer)
    def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        instance = event.get("path", "")
        try:
            request = _request(event)
            response = _answered(answer, request)
            logger.info("answered", status=int(response.status), path=instance)
            return _proxy_response(response.status, response.body, "application/json", response.headers)
        except Problem as problem:
            logger.info("answered", status=int(problem.status), path=instance, problem=problem.slug)
            return _proxy_response(
                problem.status, problem.document(instance), "application/problem+json", problem.headers
            )
        except Exception:  # noqa: BLE001
            # Without this the caller would get API Gateway's bare 502.
            logger.exception("failed", path=instance)
            failure = Problem(
                HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", "Something failed here. Try again later."
            )
            return _proxy_response(failure.status, failure.document(instance), "application/problem+json", {})

    return tracer.capture_lambda_handler(handler, capture_response=False)


def _answered(answer: Callable[[Request], Response], request: Request) -> Response:
    """Raises Problem, also for what stands in any request's way: others, or a row that is not of its form."""
    try:
        return answer(request)
    except Contended as contended:
        raise busy() from contended
    except ClientError as refused:
        if is_busy(refused):
            raise busy() from refused
        raise
    except Unreadable as unreadable:
        logger.error("unreadable row", row=str(unreadable))
        raise conflict(
            "unreadable", "What is stored for this cannot be read. Operators have to mend it first."
        ) from unreadable


def strict_json(raw: bytes) -> Any:
    """RFC 8259 without its loopholes: duplicate names, NaN, unpaired surrogates and NUL are refused as 400."""
    try:
        document = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_whole_number
        )
        _require_storable_text(document)
    except RecursionError as error:
        raise bad_request("malformed-json", "The body is nested too deeply.") from error
    except UnicodeError as error:
        raise bad_request("malformed-json", "The body holds text that is not valid Unicode.") from error
    except ValueError as error:
        raise bad_request("malformed-json", f"The body is not valid JSON: {error}.") from error
    return document


def _require_storable_text(node: Any) -> None:
    match node:
        case str():
            node.encode("utf-8")  # an escaped lone surrogate parses as JSON, but is no text
            if "\x00" in node:
                raise ValueError("NUL is not allowed in text")
        case dict():
            for name, value in node.items():
                _require_storable_text(name)
                _require_storable_text(value)
        case list():
            for value in node:
                _require_storable_text(value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("a name appears twice in one object")
    return names


def _whole_number(digits: str) -> int:
    # Python's own refusal of such numbers speaks of its settings.
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number has more than {_MOST_DIGITS} digits")
    return int(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _request(event: dict[str, Any]) -> Request:
    try:
        body = event.get("body") or ""
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode("utf-8")
    except (binascii.Error, UnicodeEncodeError) as error:
        raise bad_request("malformed-body", "The body is not valid UTF-8.") from error
    return Request(
        path=event.get("path", ""),
        parameters=event.get("pathParameters") or {},
        query=event.get("queryStringParameters") or {},
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        raw_body=raw,
        claims=(event.get("requestContext", {}).get("authorizer") or {}).get("claims") or {},
    )


def _proxy_response(
    status: HTTPStatus, body: Mapping[str, Any], content_type: str, headers: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "statusCode": int(status),
        "headers": {"Content-Type": content_type, **headers},
        "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
    }
