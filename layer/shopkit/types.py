"""Types that AWS's interfaces share. Without imports from AWS, so that pure modules may use them."""

from collections.abc import Callable
from typing import Any

# What Lambda calls: an event and a context in, a result out that Lambda serializes to JSON.
type LambdaHandler[R = dict[str, Any]] = Callable[[dict[str, Any], Any], R]

# An item of a DynamoDB stream, as plain values.
type Image = dict[str, Any]
