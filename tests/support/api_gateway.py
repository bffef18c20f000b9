"""Calls to a function as API Gateway's proxy integration makes them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shopkit.types import LambdaHandler


@dataclass(frozen=True)
class Caller:
    """Whoever the authorizer let in."""

    sub: str
    operator: bool = False

    @property
    def claims(self) -> dict[str, str]:
        return {"sub": self.sub, **({"cognito:groups": "operators"} if self.operator else {})}


ALICE, BOB = Caller("customer-a"), Caller("customer-b")
OPERATOR = Caller("operator-1", operator=True)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    raw: str

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def problem(self) -> str | None:
        """The kind of problem, when it is one."""
        if self.headers["Content-Type"] != "application/problem+json":
            return None
        kind: str = self.body["type"]
        return kind.removeprefix("urn:cartwheel:problem:")


def call(
    handler: LambdaHandler,
    path: str = "/",
    *,
    method: str = "POST",
    caller: Caller | None = None,
    parameters: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    repeated: Mapping[str, Sequence[str]] | None = None,
    body: Any = None,
    raw: str | None = None,
    base64: bool = False,
) -> Answer:
    """`body` is sent as JSON; `raw` instead as it is. `repeated` are headers that are sent more than once: API Gateway
    hands over the last value of each, and beside it all of them."""
    sent = raw if raw is not None else None if body is None else json.dumps(body)
    single = {"Content-Type": "application/json", **(headers or {})}
    event = {
        "httpMethod": method,
        "path": path,
        "pathParameters": parameters,
        "queryStringParameters": query,
        "headers": {**single, **{name: values[-1] for name, values in (repeated or {}).items()}},
        "multiValueHeaders": {**{name: [value] for name, value in single.items()}, **(repeated or {})},
        "body": sent,
        "isBase64Encoded": base64,
        "requestContext": {"authorizer": {"claims": caller.claims}} if caller else {},
    }
    answer = handler(event, None)
    # Lambda turns the answer into JSON, and API Gateway sends its body as UTF-8.
    json.dumps(answer)
    answer["body"].encode()
    return Answer(answer["statusCode"], answer["headers"], answer["body"])
