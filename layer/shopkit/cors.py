"""Which web pages may call the shop and read its answers (WHATWG Fetch, "CORS protocol")."""

from collections.abc import Mapping
from typing import Any

# Of a page's request.
ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key"
# Of an answer, besides those that every page may read.
EXPOSED_HEADERS = "ETag, Idempotency-Replayed, Location, Retry-After"
MAX_AGE_SECONDS = 7200  # of a preflight; the longest that Chromium keeps


def headers(event: Mapping[str, Any]) -> dict[str, str]:
    """What an answer says to browsers. The front door names the origins in its stage variable `AllowedOrigins`, with
    commas between; to a page of another one, or without any, nothing is granted."""
    allowed = (event.get("stageVariables") or {}).get("AllowedOrigins")
    if not allowed:
        return {}
    sent = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    origin, answer = sent.get("origin"), {"Vary": "Origin"}
    if origin and origin in allowed.split(","):
        answer |= {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED_HEADERS}
    return answer
