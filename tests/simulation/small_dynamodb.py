"""An in-memory double of DynamoDB: exactly the operations that order, payment and inventory use, each atomic.

It is fast enough to be crashed thousands of times. `tests/simulation/test_small_dynamodb.py` compares it with moto.
Operations, parameters and expressions that it does not have raise NotModelled.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.expressions import Attribute, Item, NotModelled, comparable, holds, updated

type Parameters = Mapping[str, Any]
type Answer = dict[str, Any]

_IGNORED = {"ConsistentRead", "ClientRequestToken"}  # every read here is consistent, and every transaction is sent once
_CONDITIONAL = {
    "TableName",
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnValuesOnConditionCheckFailure",
}
_MOST_ACTIONS, _MOST_KEYS = 100, 100


class Refusal(Exception):
    """The service's error response: `code`, and its other fields."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code, self.more = code, more


@dataclass(frozen=True)
class Index:
    hash: str
    range: str | None


@dataclass
class Table:
    """Items are never changed, only replaced, so that images in the stream keep their contents."""

    key: Index
    indexes: Mapping[str, Index]
    streamed: bool
    items: dict[tuple[Any, ...], Item] = field(default_factory=dict)
    stream: list[dict[str, Any]] = field(default_factory=list)

    def key_of(self, item: Item) -> tuple[Any, ...]:
        names = [self.key.hash] if self.key.range is None else [self.key.hash, self.key.range]
        try:
            return tuple(comparable(item[name]) for name in names)
        except KeyError as missing:
            raise Refusal("ValidationException") from missing

    def write(self, key: tuple[Any, ...], new: Item) -> None:
        """Writes the item. A write that changes nothing creates no stream record."""
        old = self.items.get(key)
        self.items[key] = new
        if self.streamed and old != new:
            number = f"{len(self.stream) + 1:021d}"
            images = {"NewImage": new, **({"OldImage": old} if old else {})}
            keys = {name: new[name] for name in (self.key.hash, self.key.range) if name}
            self.stream.append(
                {
                    "eventID": number,
                    "eventName": "MODIFY" if old else "INSERT",
                    "eventSource": "aws:dynamodb",
                    "dynamodb": {"Keys": keys, "SequenceNumber": number, **images},
                }
            )


class SmallDynamoDB:
    def __init__(self, tables: Mapping[str, Table]) -> None:
        self.tables = tables

    def answer(self, operation: str, parameters: Parameters) -> Answer:
        """Carries out one operation. Raises Refusal."""
        match operation:
            case "GetItem":
                return self._get(parameters)
            case "PutItem":
                return self._put(parameters)
            case "UpdateItem":
                return self._update(parameters)
            case "TransactWriteItems":
                return self._transact(parameters)
            case "Query":
                return self._query(parameters)
            case "BatchGetItem":
                return self._batch_get(parameters)
        raise NotModelled(f"dynamodb {operation}")

    def _get(self, parameters: Parameters) -> Answer:
        _require_known(parameters, {"TableName", "Key"})
        table = self._table(parameters)
        item = table.items.get(table.key_of(parameters["Key"]))
        return {"Item": item} if item else {}

    def _put(self, parameters: Parameters) -> Answer:
        _require_known(parameters, {*_CONDITIONAL, "Item"})
        _carry_out([self._planned_put(parameters)])
        return {}

    def _update(self, parameters: Parameters) -> Answer:
        _require_known(parameters, {*_CONDITIONAL, "Key", "UpdateExpression"})
        _carry_out([self._planned_update(parameters)])
        return {}

    def _transact(self, parameters: Parameters) -> Answer:
        _require_known(parameters, {"TransactItems"})
        planned = [self._planned(action) for action in parameters["TransactItems"]]
        if len(planned) > _MOST_ACTIONS or len({(id(p.table), p.key) for p in planned}) < len(planned):
            raise Refusal("ValidationException")
        if not all(plan.allowed for plan in planned):
            reasons = [{"Code": "None" if plan.allowed else "ConditionalCheckFailed"} for plan in planned]
            raise Refusal("TransactionCanceledException", CancellationReasons=reasons)
        _carry_out(planned)
        return {}

    def _planned(self, action: Parameters) -> "_Plan":
        match action:
            case {"Put": put, **rest} if not rest:
                _require_known(put, {*_CONDITIONAL, "Item"})
                return self._planned_put(put)
            case {"Update": update, **rest} if not rest:
                _require_known(update, {*_CONDITIONAL, "Key", "UpdateExpression"})
                return self._planned_update(update)
        raise NotModelled(f"in a transaction: {list(action)}")

    def _planned_put(self, parameters: Parameters) -> "_Plan":
        table = self._table(parameters)
        key = table.key_of(parameters["Item"])
        return _Plan(table, key, parameters, parameters["Item"])

    def _planned_update(self, parameters: Parameters) -> "_Plan":
        table = self._table(parameters)
        key = table.key_of(parameters["Key"])
        before = table.items.get(key) or parameters["Key"]
        after = updated(parameters["UpdateExpression"], before, *_placeholders(parameters))
        return _Plan(table, key, parameters, after)

    def _query(self, parameters: Parameters) -> Answer:
        _require_known(
            parameters,
            {
                "TableName",
                "IndexName",
                "KeyConditionExpression",
                "ExpressionAttributeNames",
                "ExpressionAttributeValues",
                "ScanIndexForward",
                "Limit",
                "ExclusiveStartKey",
            },
        )
        table = self._table(parameters)
        index = table.indexes[parameters["IndexName"]] if "IndexName" in parameters else table.key
        forward = parameters.get("ScanIndexForward", True)

        def position(item: Item) -> tuple[Any, ...]:
            return (*(comparable(item[name]) for name in (index.hash, index.range) if name), table.key_of(item))

        found = [
            item
            for item in table.items.values()
            if all(name in item for name in (index.hash, index.range) if name)
            and holds(parameters["KeyConditionExpression"], item, *_placeholders(parameters))
        ]
        found.sort(key=position, reverse=not forward)
        if start := parameters.get("ExclusiveStartKey"):
            passed = position(start)
            found = [item for item in found if (position(item) > passed if forward else position(item) < passed)]
        page = found[: parameters.get("Limit")]
        # An index that projects only keys returns only those; a table returns everything.
        shown = {name for name in (index.hash, index.range, table.key.hash, table.key.range) if name}
        keys = [{name: item[name] for name in item if name in shown} for item in page]
        last = {"LastEvaluatedKey": keys[-1]} if len(page) < len(found) else {}
        return {"Items": keys if "IndexName" in parameters else page, "Count": len(page), **last}

    def _batch_get(self, parameters: Parameters) -> Answer:
        _require_known(parameters, {"RequestItems"})
        responses: dict[str, list[Item]] = {}
        for name, wanted in parameters["RequestItems"].items():
            _require_known(wanted, {"Keys"})
            table = self.tables[name]
            keys = [table.key_of(key) for key in wanted["Keys"]]
            if len(keys) > _MOST_KEYS or len(set(keys)) < len(keys):
                raise Refusal("ValidationException")
            responses[name] = [table.items[key] for key in keys if key in table.items]
        return {"Responses": responses, "UnprocessedKeys": {}}

    def _table(self, parameters: Parameters) -> Table:
        try:
            return self.tables[parameters["TableName"]]
        except KeyError as missing:
            raise Refusal("ResourceNotFoundException") from missing


@dataclass(frozen=True)
class _Plan:
    """One write that will be made if its condition holds."""

    table: Table
    key: tuple[Any, ...]
    parameters: Parameters
    after: Item

    @property
    def before(self) -> Item | None:
        return self.table.items.get(self.key)

    @property
    def allowed(self) -> bool:
        return holds(self.parameters.get("ConditionExpression"), self.before, *_placeholders(self.parameters))


def _carry_out(plans: Iterable[_Plan]) -> None:
    for plan in plans:
        if not plan.allowed:
            wanted = plan.parameters.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
            raise Refusal(
                "ConditionalCheckFailedException", **({"Item": plan.before} if wanted and plan.before else {})
            )
        plan.table.write(plan.key, plan.after)


def _placeholders(parameters: Parameters) -> tuple[Mapping[str, str], Mapping[str, Attribute]]:
    return parameters.get("ExpressionAttributeNames", {}), parameters.get("ExpressionAttributeValues", {})


def _require_known(parameters: Parameters, known: set[str]) -> None:
    if unknown := parameters.keys() - known - _IGNORED:
        raise NotModelled(f"parameters: {sorted(unknown)}")
