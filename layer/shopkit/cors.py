"""Which web pages may call the shop and read its responses (WHATWG Fetch, "CORS protocol")."""

from collections.abc import Mapping
from typing import Any

# Request headers that a page may send.
ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key"
# Response headers that a page may read, besides those that every page may.
EXPOSED_HEADERS = "ETag, Idempotency-Replayed, Location, Retry-After"
MAX_AGE_SECONDS = 7200  # how long browsers may cache a preflight; the maximum in Chromium


def headers(event: Mapping[str, Any]) -> dict[str, str]:
    """Returns the CORS headers of a response. The stage variable `AllowedOrigins` lists the allowed origins, with
    commas between. Pages of other origins get no access."""
    allowed = (event.get("stageVariables") or {}).get("AllowedOrigins")
    if not allowed:
        return {}
    sent = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    origin, answer = sent.get("origin"), {"Vary": "Origin"}
    if origin and origin in allowed.split(","):
        answer |= {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED_HEADERS}
    return answer
