"""Resources that a function of ours makes for CloudFormation."""

import json
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

from shopkit.telemetry import logger

REASON_LENGTH = 500  # the whole answer may have 4,096 bytes
SECONDS = 10


def answer(event: dict[str, Any], work: Callable[[], dict[str, str]]) -> None:
    """Do `work` and tell CloudFormation the attributes that it returns, or why it failed: a stack waits an hour for an
    answer that never comes (CloudFormation User Guide, "Custom resource request and response objects"). An answer that
    cannot be delivered is raised, so that Lambda tries again."""
    told: dict[str, Any]
    try:
        told = {"Status": "SUCCESS", "Data": work()}
    except Exception as failure:  # noqa: BLE001 - whatever it is, CloudFormation waits
        logger.exception("the resource failed")
        told = {"Status": "FAILED", "Reason": f"{type(failure).__name__}: {failure}"[:REASON_LENGTH]}
    identity = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    # One name for all its life: a new one would have CloudFormation delete what has the old one.
    physical = event.get("PhysicalResourceId") or f"{event['LogicalResourceId']}-{event['StackId'].rpartition('/')[2]}"
    body = json.dumps(told | identity | {"PhysicalResourceId": physical}).encode()
    # The address is CloudFormation's own, signed; a content type would not fit the signature.
    request = Request(event["ResponseURL"], data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310
    with urlopen(request, timeout=SECONDS):  # noqa: S310
        logger.info("answered", status=told["Status"])
