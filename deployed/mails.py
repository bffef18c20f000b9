"""The notify service's rows as a person reads them."""

import json
import zlib
from collections.abc import Mapping
from typing import Any


def with_text(row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the row of a notification with the `text` of its e-mail instead of the compressed `body`. A body that
    cannot be read is left as it is."""
    body = body_of(row)
    if body is None:
        return dict(row)
    return {**{name: value for name, value in row.items() if name != "body"}, "text": body["text"]}


def body_of(row: Mapping[str, Any]) -> dict[str, str] | None:
    """Returns the `text` and the `html` of an e-mail, or None if the row has none that can be read."""
    try:
        body = json.loads(zlib.decompress(bytes(row["body"])))
        return {"text": body["text"], "html": body["html"]}
    except (KeyError, TypeError, ValueError, zlib.error):
        return None
