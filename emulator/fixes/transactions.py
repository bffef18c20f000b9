"""Writes that meet a transaction.

AWS: while a transaction is under way, another one of the same item is refused (TransactionCanceledException, with
TransactionConflict as that item's reason), and so is a single write to it (TransactionConflictException). Buyers of one
popular product meet all the time (DynamoDB Developer Guide, "Transaction conflict handling in DynamoDB").
Emulator: carries out one request after the other, each in no time, so that none ever meets another.
Fix: a transaction is under way for as long as on AWS, and what comes to its items meanwhile is refused.
Goes when: MiniStack's transactions take time.
"""

import asyncio
import json
from typing import Any

from emulator.patching import expect, module, original

SECONDS = 0.01
TRANSACTION = "TransactWriteItems"
SINGLE_WRITES = {"PutItem": "Item", "UpdateItem": "Key", "DeleteItem": "Key"}
CONFLICT = "Transaction is ongoing for the item"

type Item = tuple[str, str]


def apply() -> None:
    dynamodb = module("services.dynamodb")
    handle = original(dynamodb, "handle_request", "method path headers body query_params")
    cancelled = original(dynamodb, "_transact_cancel_response", "total failures val_reasons")
    refused = original(dynamodb, "error_response_json", "code message status extra message_key content_type")
    original(dynamodb, "_extract_transact_op", "transact")
    expect(hasattr(dynamodb, "_tables"), "DynamoDB's tables")
    under_way: set[Item] = set()

    async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query_params: Any) -> Any:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        items = _written(dynamodb, operation, body)
        if met := [number for number, item in enumerate(items) if item in under_way]:
            if operation in SINGLE_WRITES:
                return refused("TransactionConflictException", CONFLICT, 400)
            status, answered, text = cancelled(len(items), dict.fromkeys(met), {})
            return status, answered, _conflicts(text)
        mine = set(items) if operation == TRANSACTION else set()
        under_way.update(mine)
        try:
            answer = await handle(method, path, headers, body, query_params)
            if mine:
                await asyncio.sleep(SECONDS)
        finally:
            under_way.difference_update(mine)
        return answer

    dynamodb.handle_request = handle_request


def _written(dynamodb: Any, operation: str, body: bytes) -> list[Item]:
    """What a write touches; nothing for one that is malformed, which the emulator itself says."""
    try:
        if operation in SINGLE_WRITES:
            return [_item(dynamodb, json.loads(body), SINGLE_WRITES[operation])]
        if operation == TRANSACTION:
            actions = [dynamodb._extract_transact_op(action) for action in json.loads(body)["TransactItems"]]
            return [_item(dynamodb, request, "Item" if kind == "Put" else "Key") for kind, request in actions]
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    return []


def _item(dynamodb: Any, request: dict[str, Any], attributes: str) -> Item:
    """The table and the primary key that a write names."""
    name = request["TableName"].rpartition("/")[2]
    table = dynamodb._tables.get(name) or {}
    keys = [request[attributes].get(key) for key in (table.get("pk_name"), table.get("sk_name")) if key]
    return name, json.dumps(keys, sort_keys=True)


def _conflicts(body: bytes) -> bytes:
    """The answer to a cancelled transaction, whose refused items met others instead of failing their conditions."""
    answer = json.loads(body)
    for reason in answer["CancellationReasons"]:
        if reason["Code"] != "None":
            reason |= {"Code": "TransactionConflict", "Message": CONFLICT}
    codes = ", ".join(reason["Code"] for reason in answer["CancellationReasons"])
    answer["message"] = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    return json.dumps(answer).encode()
