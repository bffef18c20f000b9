"""The inventory table: products with their stock, reservations by order, and the ledger of restocks.

Stock moves only together with the record that explains it, in one transaction, so that for every sku the restocks
always add up to what is available, reserved and sold.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel

from contracts.types import rfc3339
from inventory.domain import RESERVE, RESTOCK, Movement, Product, Reservation, Restock
from shopkit.aws import client
from shopkit.backoff import pause
from shopkit.dynamodb import cancellation_codes, from_item, to_item, to_value
from shopkit.optimistic import Contended
from shopkit.rows import loaded, read_row, read_rows, readable
from shopkit.telemetry import logger, measure

# Reserves of one popular product meet in its row. Eight tries pause 1 s on average and 1.9 s at most, all together.
_ATTEMPTS = 8
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.64

# What an upsert may write. A catalogue entry and its stock share a row, and never each other's attributes.
_ENTRY = ("name", "description", "price", "image", "version", "updated_at")

_TRANSIENT = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


class UnknownProduct(Exception):
    """There is no product of this sku."""


class ImpossibleMovement(ValueError):
    """A reservation says that it holds units which its products do not: the stock was changed by other means, and no
    retry can make it right."""


class _Conflict(Exception):
    """Another write was under way at the same rows: nothing happened."""


class _Refused(Exception):
    """A transaction's conditions did not hold, at these positions: nothing happened."""

    def __init__(self, positions: list[int]) -> None:
        super().__init__(positions)
        self.positions = positions

    def skus(self, reservation: Reservation) -> list[str]:
        """Of the refused lines, in a transaction that begins with the reservation itself."""
        return [reservation.lines[position - 1].sku for position in self.positions if position]


def find_product(sku: str) -> Product | None:
    """Raises Unreadable, as all that read rows here do."""
    row = read_row(_table(), pk=_product_key(sku))
    return loaded(row, Product.model_validate) if row else None


def shown_product(sku: str) -> Product | None:
    """For browsing: a row that is no product is not shown."""
    row = read_row(_table(), pk=_product_key(sku))
    return next(readable([row], Product.model_validate), None) if row else None


def find_reservation(order_id: str) -> Reservation | None:
    row = read_row(_table(), pk=_reservation_key(order_id))
    return loaded(row, Reservation.model_validate) if row else None


def find_restock(sku: str, restock_id: str) -> Restock | None:
    row = read_row(_table(), pk=_restock_key(sku, restock_id))
    return loaded(row, Restock.model_validate) if row else None


def products(limit: int, after: str | None) -> tuple[list[Product], str | None]:
    """A page of the catalogue in order of sku, and after which sku the next one starts. Like its index it may lag
    behind by a moment, which for browsing is worth half the price. Rows that are no products count towards the limit,
    so that a page may be short of them."""
    start = {"ExclusiveStartKey": to_item({"pk": _product_key(after), **_listed(after)})} if after else {}
    found = client("dynamodb").query(
        TableName=_table(),
        IndexName="by_catalogue",
        KeyConditionExpression="catalogue = :all",
        ExpressionAttributeValues={":all": to_value("all")},
        Limit=limit,
        **start,  # type: ignore[arg-type]
    )
    keys = [from_item(item)["pk"] for item in found["Items"]]
    rows = read_rows(_table(), keys, consistent=False)
    last = from_item(found["LastEvaluatedKey"])["sku"] if "LastEvaluatedKey" in found else None
    return list(readable((rows[key] for key in keys if key in rows), Product.model_validate)), last


def upsert(sku: str, rule: Callable[[Product | None], Product]) -> tuple[Product, bool]:
    """Applies a domain rule to a catalogue entry, leaving the stock alone; answers the product and whether it is new.

    Raises Contended.
    """
    for _ in _attempts():
        before = find_product(sku)
        after = rule(before)
        if after == before:
            return after, False
        try:
            _write_entry(before, after)
        except _Conflict:
            continue
        return after, before is None
    raise Contended(sku)


def restock(sku: str, restock_id: str, rule: Callable[[Product], Restock]) -> tuple[Restock, bool]:
    """Adds the units and their record, once per id; answers the record and whether it had been there before.

    Raises UnknownProduct, Contended.
    """
    for _ in _attempts():
        earlier = find_restock(sku, restock_id)
        if earlier:
            return earlier, True
        before = find_product(sku)
        if before is None:
            raise UnknownProduct(sku)
        booked = rule(before)
        try:
            _transact(
                [
                    {"Put": _put(_restock_key(sku, restock_id), booked, replacing=None)},
                    # Conditional on the stock that the record says it found.
                    _movement(sku, RESTOCK, booked.quantity, booked.at, found=before.stock_version),
                ]
            )
        except (_Conflict, _Refused):
            continue
        return booked, False
    raise Contended(sku)


def decide(wanted: Reservation, refusal: Callable[[Sequence[str]], Reservation]) -> Reservation:
    """Reserves all lines or, short of some skus, records the refusal. Answers the first decision that was ever recorded
    for the order, which may be neither. Raises Contended."""
    actions = [
        {"Put": _put(_reservation_key(wanted.order_id), wanted, replacing=None)},
        *_movements(wanted, RESERVE),
    ]
    for _ in _attempts():
        try:
            _transact(actions)
        except _Conflict:
            continue
        except _Refused as refused:
            if 0 in refused.positions:
                return _recorded(wanted.order_id)
            try:
                return _record(refusal(refused.skus(wanted)))
            except _Conflict:
                continue
        return wanted
    raise Contended(wanted.order_id)


def follow(
    order_id: str, rule: Callable[[Reservation | None], tuple[Reservation, Movement] | None]
) -> Reservation | None:
    """Applies a domain rule to the order's reservation and moves its units, in one transaction; answers the reservation
    if it changed. Raises Contended, ImpossibleMovement."""
    for _ in _attempts():
        before = find_reservation(order_id)
        step = rule(before)
        if step is None:
            return None
        after, movement = step
        try:
            _transact(
                [
                    {"Put": _put(_reservation_key(order_id), after, replacing=before)},
                    *_movements(after, movement),
                ]
            )
        except _Conflict:
            continue
        except _Refused as refused:
            if 0 in refused.positions:
                continue
            raise ImpossibleMovement(f"{order_id} to {after.status}: {', '.join(refused.skus(after))}") from refused
        return after
    raise Contended(order_id)


def _record(refusal: Reservation) -> Reservation:
    dynamodb = client("dynamodb")
    try:
        dynamodb.put_item(**_put(_reservation_key(refusal.order_id), refusal, replacing=None))
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return _recorded(refusal.order_id)
    except dynamodb.exceptions.TransactionConflictException as conflict:
        raise _Conflict from conflict
    return refusal


def _recorded(order_id: str) -> Reservation:
    """The decision that a write has just met; reservations are never deleted."""
    decision = find_reservation(order_id)
    if decision is None:
        raise KeyError(order_id)
    return decision


def _write_entry(before: Product | None, after: Product) -> None:
    """Raises _Conflict."""
    dynamodb = client("dynamodb")
    try:
        if before is None:
            dynamodb.put_item(**_put(_product_key(after.sku), after, replacing=None, **_listed(after.sku)))
            return
        row = after.model_dump(mode="json")
        dynamodb.update_item(
            TableName=_table(),
            Key=to_item({"pk": _product_key(after.sku)}),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in _ENTRY),
            ConditionExpression="#version = :before",
            ExpressionAttributeNames={f"#{name}": name for name in _ENTRY},
            ExpressionAttributeValues=to_item(
                {":before": before.version, **{f":{name}": row[name] for name in _ENTRY}},
            ),
        )
    except (
        dynamodb.exceptions.ConditionalCheckFailedException,
        dynamodb.exceptions.TransactionConflictException,
    ) as conflict:
        raise _Conflict from conflict


def _put(pk: str, row: BaseModel, *, replacing: Product | Reservation | None, **index: str) -> Any:
    """A Put that is refused unless the row is the one to replace, or there is none."""
    put: dict[str, Any] = {
        "TableName": _table(),
        "Item": to_item({**row.model_dump(mode="json"), "pk": pk, **index}),
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    if replacing:
        put |= {
            "ConditionExpression": "version = :version",
            "ExpressionAttributeValues": to_item({":version": replacing.version}),
        }
    return put


def _movements(reservation: Reservation, movement: Movement) -> list[Any]:
    """One action per line, in the order of the lines."""
    return [_movement(line.sku, movement, line.quantity, reservation.updated_at) for line in reservation.lines]


def _movement(sku: str, movement: Movement, quantity: int, now: datetime, found: int | None = None) -> Any:
    """An Update that is refused if a counter would go below zero, if there is no such product, or if its stock has
    moved since it was `found` in that version."""
    moved = {name: by * quantity for name, by in vars(movement).items() if by}
    conditions = [f"{name} >= :{name}_taken" for name, by in moved.items() if by < 0]
    values = {":now": rfc3339(now), ":one": 1, **{f":{name}": by for name, by in moved.items()}}
    values |= {f":{name}_taken": -by for name, by in moved.items() if by < 0}
    if found is not None:
        conditions.append("stock_version = :found")
        values[":found"] = found
    return {
        "Update": {
            "TableName": _table(),
            "Key": to_item({"pk": _product_key(sku)}),
            "UpdateExpression": "SET stock_updated_at = :now ADD stock_version :one, "
            + ", ".join(f"{name} :{name}" for name in moved),
            "ConditionExpression": " AND ".join(["attribute_exists(pk)", *conditions]),
            "ExpressionAttributeValues": to_item(values),
        }
    }


def _transact(actions: list[Any]) -> None:
    """All of the actions or none. Raises _Conflict, _Refused."""
    dynamodb = client("dynamodb")
    try:
        dynamodb.transact_write_items(TransactItems=actions)
    except dynamodb.exceptions.TransactionCanceledException as cancelled:
        codes = cancellation_codes(cancelled)
        # First: beside a conflict, a failed condition may have seen half of the other transaction.
        if _TRANSIENT.intersection(codes):
            raise _Conflict from cancelled
        refused = [position for position, code in enumerate(codes) if code == "ConditionalCheckFailed"]
        if not refused:
            raise
        raise _Refused(refused) from cancelled


def _attempts() -> Iterator[int]:
    """Turns to try in, with growing pauses between them."""
    yield 1
    for failed in range(1, _ATTEMPTS):
        logger.info("rows are busy, trying again", attempt=failed + 1)
        measure("BusyRows", MetricUnit.Count, 1)
        pause(failed, first=_FIRST_PAUSE_SECONDS, longest=_LONGEST_PAUSE_SECONDS)
        yield failed + 1


def _listed(sku: str) -> dict[str, str]:
    """What puts a product into the catalogue's index."""
    return {"catalogue": "all", "sku": sku}


def _product_key(sku: str) -> str:
    return f"product#{sku}"


def _reservation_key(order_id: str) -> str:
    return f"reservation#{order_id}"


def _restock_key(sku: str, restock_id: str) -> str:
    return f"restock#{sku}#{restock_id}"


def _table() -> str:
    return os.environ["INVENTORY_TABLE"]
