"""Conditional requests: a GET or HEAD whose response the caller already has gets a 304 (RFC 9110 §8.8.3, §13.1.2,
§15.4.5)."""

import hashlib
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

# A response may be about one person. The caller may store it, but must revalidate it before each use (RFC 9111 §5.2.2).
CACHE_CONTROL = "private, no-cache"
_ETAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_READS = {"GET", "HEAD"}


def answered(event: Mapping[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Adds an ETag to a function's 200 response to GET or HEAD, or turns it into a 304 if the caller already has it.
    Returns any other response unchanged."""
    if event.get("httpMethod") not in _READS or answer["statusCode"] != HTTPStatus.OK:
        return answer
    tag = etag(answer["body"])
    headers = {"Cache-Control": CACHE_CONTROL, **answer["headers"], "ETag": tag}
    if not matches(_if_none_match(event), tag):
        return {**answer, "headers": headers}
    kept = {name: value for name, value in headers.items() if name != "Content-Type"}
    return {"statusCode": int(HTTPStatus.NOT_MODIFIED), "headers": kept, "body": ""}


def etag(body: str) -> str:
    """Returns a strong ETag: a different body has a different one."""
    return f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'


def matches(if_none_match: str, tag: str) -> bool:
    """Compares weakly (RFC 9110 §8.8.3.2), because a proxy that compresses a response makes its ETag weak. A header
    that is not a list of ETags matches nothing."""
    return if_none_match.strip() == "*" or tag in _ETAG.findall(if_none_match)


def _if_none_match(event: Mapping[str, Any]) -> str:
    """Returns the values of all If-None-Match headers as one list (RFC 9110 §5.3)."""
    several = (event.get("multiValueHeaders") or {}).items()
    single = (event.get("headers") or {}).items()
    sent = [value for name, values in several if name.lower() == "if-none-match" for value in values]
    return ", ".join(sent or [value for name, value in single if name.lower() == "if-none-match"])
