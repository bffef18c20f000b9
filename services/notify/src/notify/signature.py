"""Signatures of webhooks: the symmetric scheme of Standard Webhooks 1.0.0 (standardwebhooks.com),
which has verifying libraries in many languages."""

import base64
import hmac
from collections.abc import Iterable

_PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """Returns the key in a secret: base64, with or without `whsec_`. Raises ValueError."""
    encoded = secret.removeprefix(_PREFIX)
    return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)


def signature(keys: Iterable[bytes], id_: str, timestamp: int, body: bytes) -> str:
    """Returns the header `webhook-signature`: one signature per key. A receiver accepts any of them. `timestamp` is the
    attempt's, in seconds since the epoch."""
    signed = f"{id_}.{timestamp}.".encode() + body
    return " ".join("v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys)
