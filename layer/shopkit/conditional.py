"""ETags of responses to GET and HEAD, and 304 for callers who have the response (RFC 9110 §8.8.3, §13.1.2, §15.4.5)."""

import hashlib
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

# Responses may be personal. The caller may store them, but must revalidate them before each use (RFC 9111 §5.2.2).
CACHE_CONTROL = "private, no-cache"
_ETAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_READS = {"GET", "HEAD"}


def answered(event: Mapping[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Returns a 200 to GET or HEAD with an ETag, or as 304 if the caller has it. Other responses are unchanged."""
    if event.get("httpMethod") not in _READS or answer["statusCode"] != HTTPStatus.OK:
        return answer
    tag = etag(answer["body"])
    headers = {"Cache-Control": CACHE_CONTROL, **answer["headers"], "ETag": tag}
    if not matches(_if_none_match(event), tag):
        return {**answer, "headers": headers}
    kept = {name: value for name, value in headers.items() if name != "Content-Type"}
    return {"statusCode": int(HTTPStatus.NOT_MODIFIED), "headers": kept, "body": ""}


def etag(body: str) -> str:
    """Returns a strong ETag: different bodies have different ETags."""
    return f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'


def matches(if_none_match: str, tag: str) -> bool:
    """Compares weakly (RFC 9110 §8.8.3.2), because a proxy that compresses a response makes its ETag weak. An invalid
    header matches nothing."""
    return if_none_match.strip() == "*" or tag in _ETAG.findall(if_none_match)


def _if_none_match(event: Mapping[str, Any]) -> str:
    """Returns the header's values as a single list (RFC 9110 §5.3)."""
    several = (event.get("multiValueHeaders") or {}).items()
    single = (event.get("headers") or {}).items()
    sent = [value for name, values in several if name.lower() == "if-none-match" for value in values]
    return ", ".join(sent or [value for name, value in single if name.lower() == "if-none-match"])
