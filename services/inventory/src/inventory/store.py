"""The inventory table: products with their stock, reservations by order, and the ledger of restocks.

A stock movement and the record that explains it are written in one transaction. So for every sku the restocks always
add up to the available, reserved and sold units.
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

# Concurrent reserves of a product write the same row. Eight attempts pause 1 s in total on average, 1.9 s at most.
_ATTEMPTS = 8
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.64

# What an upsert may write. A catalogue entry and its stock share a row, but no attributes.
_ENTRY = ("name", "description", "price", "image", "version", "updated_at")

_TRANSIENT = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


class UnknownProduct(Exception):
    """There is no product with this sku."""


class ImpossibleMovement(ValueError):
    """The stock has fewer reserved units than the reservation. It was changed by other means, so no retry can
    succeed."""


class _Conflict(Exception):
    """A concurrent write to the same rows was in progress. Nothing was written."""


class _Refused(Exception):
    """A transaction's conditions failed at these positions. Nothing was written."""

    def __init__(self, positions: list[int]) -> None:
        super().__init__(positions)
        self.positions = positions

    def skus(self, reservation: Reservation) -> list[str]:
        """Returns the skus of the refused lines, in a transaction whose first action is the reservation."""
        return [reservation.lines[position - 1].sku for position in self.positions if position]


def find_product(sku: str) -> Product | None:
    """Raises Unreadable, like all functions here that read rows."""
    row = read_row(_table(), pk=_product_key(sku))
    return loaded(row, Product.model_validate) if row else None


def shown_product(sku: str) -> Product | None:
    """Returns a product for browsing. An invalid row counts as missing."""
    row = read_row(_table(), pk=_product_key(sku))
    return next(readable([row], Product.model_validate), None) if row else None


def find_reservation(order_id: str) -> Reservation | None:
    row = read_row(_table(), pk=_reservation_key(order_id))
    return loaded(row, Reservation.model_validate) if row else None


def find_restock(sku: str, restock_id: str) -> Restock | None:
    row = read_row(_table(), pk=_restock_key(sku, restock_id))
    return loaded(row, Restock.model_validate) if row else None


def products(limit: int, after: str | None) -> tuple[list[Product], str | None]:
    """Returns a page of the catalogue in order of sku, and after which sku the next page starts. The reads are
    eventually consistent, which halves their price. Invalid rows are left out but count towards the limit, so a page
    may be short."""
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
    """Applies a domain rule to a catalogue entry, not to the stock. Returns the product and whether it is new.

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
    """Adds the units and their record, once per id. Returns the record and whether it already existed.

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
                    # Conditional on the stock that the restock record contains.
                    _movement(sku, RESTOCK, booked.quantity, booked.at, found=before.stock_version),
                ]
            )
        except (_Conflict, _Refused):
            continue
        return booked, False
    raise Contended(sku)


def decide(wanted: Reservation, refusal: Callable[[Sequence[str]], Reservation]) -> Reservation:
    """Reserves all lines or, if some skus are short, records a refusal. Returns the first decision ever recorded for
    the order, which may be another one. Raises Contended."""
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
    """Applies a domain rule to the order's reservation and moves its units, in one transaction. Returns the
    reservation if it changed. Raises Contended, ImpossibleMovement."""
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
    """Returns the recorded decision. Reservations are never deleted."""
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
    """Returns a Put on condition that the row is still `replacing`, or, with None, does not exist."""
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
    """Returns an Update on condition that the product exists, that no counter becomes negative, and that its stock
    still has the version `found`."""
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
    """Carries out all actions or none. Raises _Conflict, _Refused."""
    dynamodb = client("dynamodb")
    try:
        dynamodb.transact_write_items(TransactItems=actions)
    except dynamodb.exceptions.TransactionCanceledException as cancelled:
        codes = cancellation_codes(cancelled)
        # Conflicts first: next to one, a failed condition may be due to the other transaction.
        if _TRANSIENT.intersection(codes):
            raise _Conflict from cancelled
        refused = [position for position, code in enumerate(codes) if code == "ConditionalCheckFailed"]
        if not refused:
            raise
        raise _Refused(refused) from cancelled


def _attempts() -> Iterator[int]:
    """Yields the number of each attempt, with growing pauses between them."""
    yield 1
    for failed in range(1, _ATTEMPTS):
        logger.info("rows are busy, trying again", attempt=failed + 1)
        measure("BusyRows", MetricUnit.Count, 1)
        pause(failed, first=_FIRST_PAUSE_SECONDS, longest=_LONGEST_PAUSE_SECONDS)
        yield failed + 1


def _listed(sku: str) -> dict[str, str]:
    """Returns the attributes that put a product into the catalogue's index."""
    return {"catalogue": "all", "sku": sku}


def _product_key(sku: str) -> str:
    return f"product#{sku}"


def _reservation_key(order_id: str) -> str:
    return f"reservation#{order_id}"


def _restock_key(sku: str, restock_id: str) -> str:
    return f"restock#{sku}#{restock_id}"


def _table() -> str:
    return os.environ["INVENTORY_TABLE"]
