"""Problem details for HTTP APIs (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError
from pydantic_core import ErrorDetails

RETRY_AFTER_SECONDS = "1"
_TYPE_PREFIX = "urn:cartwheel:problem:"


class Problem(Exception):
    """An HTTP error response. `slug` names the kind of problem; `errors` point into the request's body.
    `headers` are added to the response."""

    def __init__(
        self,
        status: HTTPStatus,
        slug: str,
        detail: str,
        *,
        errors: Sequence[dict[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.slug = slug
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.extensions = extensions

    def document(self, instance: str) -> dict[str, Any]:
        return {
            "type": _TYPE_PREFIX + self.slug,
            "title": self.slug.replace("-", " ").capitalize(),
            "status": int(self.status),
            "detail": self.detail,
            "instance": quote(instance),  # a URI; API Gateway passes the path decoded
            **({"errors": self.errors} if self.errors else {}),
            **self.extensions,
        }


def bad_request(slug: str, detail: str, **more: Any) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, slug, detail, **more)


def not_found(what: str) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "not-found", f"There is no such {what}.")


def conflict(slug: str, detail: str, **more: Any) -> Problem:
    return Problem(HTTPStatus.CONFLICT, slug, detail, **more)


def unprocessable(slug: str, detail: str, **more: Any) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, slug, detail, **more)


def forbidden(detail: str) -> Problem:
    return Problem(HTTPStatus.FORBIDDEN, "forbidden", detail)


def busy() -> Problem:
    """The same request may succeed shortly (Retry-After: RFC 9110, section 10.2.3)."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "busy",
        "The service is busy. Repeat the request shortly.",
        headers={"Retry-After": RETRY_AFTER_SECONDS},
    )


def invalid_body(error: ValidationError) -> Problem:
    """Returns Problem 400 with one error per invalid field, each with its JSON pointer (RFC 6901)."""
    return bad_request(
        "invalid-body",
        "The request body is invalid.",
        errors=[
            {"pointer": pointer(found["loc"]), "detail": _detail(found)}
            for found in error.errors(include_url=False, include_input=False, include_context=False)
        ],
    )


def _detail(found: ErrorDetails) -> str:
    """Returns the message in terms of JSON, without the wording of the validation library."""
    if found["type"] == "model_type":
        return "Input should be an object"
    return found["msg"].removeprefix("Value error, ")


def pointer(location: Sequence[str | int]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in location)
