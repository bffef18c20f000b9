"""Answers to GET and HEAD that are sent only when they are news to the caller (RFC 9110 §8.8.3, §13.1.2, §15.4.5)."""

import hashlib
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

# A caller may keep an answer, which may be about one person, and must ask whether it still holds (RFC 9111 §5.2.2).
CACHE_CONTROL = "private, no-cache"
_ETAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_READS = {"GET", "HEAD"}


def answered(event: Mapping[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """A function's 200 to GET or HEAD with its ETag, or 304 for a caller who has that answer; all else as it is."""
    if event.get("httpMethod") not in _READS or answer["statusCode"] != HTTPStatus.OK:
        return answer
    tag = etag(answer["body"])
    headers = {"Cache-Control": CACHE_CONTROL, **answer["headers"], "ETag": tag}
    if not matches(_if_none_match(event), tag):
        return {**answer, "headers": headers}
    kept = {name: value for name, value in headers.items() if name != "Content-Type"}
    return {"statusCode": int(HTTPStatus.NOT_MODIFIED), "headers": kept, "body": ""}


def etag(body: str) -> str:
    """Strong: another body has another one."""
    return f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'


def matches(if_none_match: str, tag: str) -> bool:
    """By weak comparison (RFC 9110 §8.8.3.2): what compresses an answer on its way makes its ETag weak. What is no list
    of ETags matches nothing."""
    return if_none_match.strip() == "*" or tag in _ETAG.findall(if_none_match)


def _if_none_match(event: Mapping[str, Any]) -> str:
    """All of them, as one list (RFC 9110 §5.3)."""
    several = (event.get("multiValueHeaders") or {}).items()
    single = (event.get("headers") or {}).items()
    sent = [value for name, values in several if name.lower() == "if-none-match" for value in values]
    return ", ".join(sent or [value for name, value in single if name.lower() == "if-none-match"])
