"""The Idempotency-Key header (IETF draft-ietf-httpapi-idempotency-key-header)."""

import hashlib
import re
from collections.abc import Mapping

from pydantic import BaseModel

from shopkit.problems import bad_request

_KEY = re.compile(r"[\x20-\x7e]{1,255}")


def idempotency_key(headers: Mapping[str, str]) -> str:
    """Returns the key. It may be quoted (a structured-field string, as in the draft) or bare. Raises Problem 400."""
    sent = headers.get("idempotency-key")
    if sent is None:
        raise bad_request("idempotency-key-missing", "Send an Idempotency-Key header: a new value per request.")
    key = sent.strip(" ")
    quoted = len(key) >= 2 and key[0] == key[-1] == '"'
    if quoted:
        key = key[1:-1]
    # A quote within quotes: a proxy has joined two headers into `"a", "b"`.
    if not _KEY.fullmatch(key) or (quoted and '"' in key):
        raise bad_request("idempotency-key-malformed", "Idempotency-Key must have 1 to 255 printable ASCII characters.")
    return key


def fingerprint(body: BaseModel) -> str:
    """Returns a hash that is equal for equal bodies, regardless of white space and the order of names."""
    return hashlib.sha256(body.model_dump_json(exclude_none=True).encode()).hexdigest()
