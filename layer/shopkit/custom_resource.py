"""Lambda-backed custom resources of CloudFormation."""

import json
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

from shopkit.telemetry import logger

REASON_LENGTH = 500  # the whole response may have 4,096 bytes
SECONDS = 10


def answer(event: dict[str, Any], work: Callable[[], dict[str, str]]) -> None:
    """Does `work` and sends CloudFormation the attributes that it returns, or the reason why it failed. Without a
    response, a stack waits for an hour (CloudFormation User Guide, "Custom resource request and response objects").
    Raises an error if the response cannot be delivered, so that Lambda tries again."""
    result: dict[str, Any]
    try:
        result = {"Status": "SUCCESS", "Data": work()}
    except Exception as failure:  # noqa: BLE001 - CloudFormation needs a response to any error
        logger.exception("the resource failed")
        result = {"Status": "FAILED", "Reason": f"{type(failure).__name__}: {failure}"[:REASON_LENGTH]}
    identity = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    # The id never changes: CloudFormation would delete the resource with the old id.
    physical = event.get("PhysicalResourceId") or f"{event['LogicalResourceId']}-{event['StackId'].rpartition('/')[2]}"
    body = json.dumps(result | identity | {"PhysicalResourceId": physical}).encode()
    # The URL is signed by CloudFormation, and the signature does not cover a content type.
    request = Request(event["ResponseURL"], data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310
    with urlopen(request, timeout=SECONDS):  # noqa: S310
        logger.info("answered", status=result["Status"])
