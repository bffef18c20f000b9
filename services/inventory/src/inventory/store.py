"""The inventory table: products with their stock, the further rows of hot products, reservations by order, and the
ledger of restocks.

A stock movement and the record that explains it are written in one transaction. So for every sku the restocks always
add up to the available, reserved and sold units.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import batched, chain
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel

from contracts.types import rfc3339
from inventory import stock_rows
from inventory.domain import (
    LOW_STOCK_THRESHOLD,
    RESERVE,
    RESTOCK,
    Movement,
    Product,
    Reservation,
    ReservationStatus,
    Restock,
)
from inventory.stock_rows import Moves, Stock, StockRow
from shopkit.aws import client
from shopkit.backoff import pause
from shopkit.dynamodb import cancellation_codes, from_item, to_item, to_value
from shopkit.optimistic import Contended
from shopkit.rows import MOST_ROWS_AT_ONCE, loaded, read_row, read_rows, readable
from shopkit.telemetry import logger, measure

# Concurrent reserves of a product write the same row. Eight attempts pause 1 s in total on average, 1.9 s at most.
_ATTEMPTS = 8
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.64

# What an upsert may write. A catalogue entry and its stock share a row, but no attributes.
_ENTRY = ("name", "description", "price", "image", "version", "updated_at")

# What else it writes of a product that is or was hot.
_SHARDS = ("stock_shards", "stock_rows")

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
    """Returns a product's own row. Raises Unreadable, like all functions here that read rows."""
    row = read_row(_table(), pk=_product_key(sku))
    return loaded(row, Product.model_validate) if row else None


def find_stock(sku: str) -> Stock | None:
    """Returns a product with all rows of its stock. They are read one after the other, so units that move between them
    meanwhile may be missing or counted twice; `_unchanged` tells."""
    product = find_product(sku)
    return next(_stocks([product], consistent=True)) if product else None


def shown_product(sku: str) -> Product | None:
    """Returns a product for browsing, with the units of all rows. An invalid row counts as missing."""
    row = read_row(_table(), pk=_product_key(sku))
    return next(_shown([row]), None) if row else None


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
    return list(_shown(rows[key] for key in keys if key in rows)), last


def upsert(sku: str, rule: Callable[[Product | None], Product]) -> tuple[Product, bool]:
    """Applies a domain rule to a catalogue entry, not to the stock. Returns the product and whether it is new.

    Raises Contended.
    """
    for _ in _attempts():
        before = find_product(sku)
        after = rule(before)
        if after != before:
            try:
                _write_entry(before, after)
            except _Conflict:
                continue
        stock = find_stock(sku) if after.stock_rows else None
        return (stock.total if stock else after), before is None
    raise Contended(sku)


def level(sku: str, now: datetime) -> Product:
    """Spreads a product's available units evenly over its shards. Returns the product.

    Raises UnknownProduct, Contended.
    """
    for _ in _attempts():
        stock = _known_stock(sku)
        moves = stock_rows.levelled(stock) if stock.product.stock_rows else {}
        if not moves:
            return stock.total
        try:
            _transact(_moved(sku, moves, now))
        except (_Conflict, _Refused):
            continue
        return stock.total
    raise Contended(sku)


def restock(sku: str, restock_id: str, rule: Callable[[Product], Restock]) -> tuple[Restock, bool]:
    """Adds the units and their record, once per id. Returns the record and whether it already existed.

    Raises UnknownProduct, Contended.
    """
    for _ in _attempts():
        earlier = find_restock(sku, restock_id)
        if earlier:
            _note_low(sku, earlier.at)
            return earlier, True
        stock = _known_stock(sku)
        booked = rule(stock.total)
        try:
            _transact([{"Put": _put(_restock_key(sku, restock_id), booked, replacing=None)}, *_incoming(stock, booked)])
        except (_Conflict, _Refused):
            continue
        if stock.product.stock_rows:
            _note_low(sku, booked.at)
        return booked, False
    raise Contended(sku)


def decide(wanted: Reservation, refusal: Callable[[Sequence[str]], Reservation]) -> Reservation:
    """Reserves all lines or, if some skus are short, records a refusal. Returns the first decision ever recorded for
    the order, which may be another one. Raises Contended."""
    wanted = _routed(wanted)
    for _ in _attempts():
        try:
            _transact(
                [
                    {"Put": _put(_reservation_key(wanted.order_id), wanted, replacing=None)},
                    *_movements(wanted, RESERVE),
                ]
            )
        except _Conflict:
            continue
        except _Refused as refused:
            if 0 in refused.positions:
                return _recorded(wanted.order_id)
            try:
                wanted, short = _rerouted(wanted, refused.skus(wanted))
                if short:
                    return _record(refusal(short))
            except _Conflict:
                pass
            continue
        return wanted
    raise Contended(wanted.order_id)


def follow(
    order_id: str, rule: Callable[[Reservation | None], tuple[Reservation, Movement] | None]
) -> Reservation | None:
    """Applies a domain rule to the order's reservation and moves its units, in one transaction. Returns the
    reservation if it changed. Raises Contended, ImpossibleMovement."""
    hot_since: dict[str, int] = {}
    for _ in _attempts():
        before = find_reservation(order_id)
        step = rule(before)
        if step is None:
            if before:
                _note_low_stock_of(before)
            return None
        after, movement = step
        if hot_since:
            after = after.model_copy(update={"rows": {**hot_since, **(after.rows or {})}})
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
            # Goods of a product that has become hot since they were reserved are in its own row.
            found = {sku for sku in refused.skus(after) if sku not in (after.rows or {}) and _is_hot(sku)}
            if not found:
                raise ImpossibleMovement(f"{order_id} to {after.status}: {', '.join(refused.skus(after))}") from refused
            hot_since |= dict.fromkeys(found, 0)
            continue
        _note_low_stock_of(after)
        return after
    raise Contended(order_id)


# ── The rows of hot products ──────────────────────────────────────────────────────────────────────────────────────────


def _routed(wanted: Reservation) -> Reservation:
    """Returns the reservation with a row for each hot product. What it knows of them may be a moment old; a row that
    was chosen wrongly refuses, and then the others are looked at."""
    found = read_rows(_table(), [_product_key(line.sku) for line in wanted.lines], consistent=False)
    products = readable(found.values(), Product.model_validate)
    rows = {product.sku: stock_rows.first_row(product, wanted.order_id) for product in products}
    return wanted.model_copy(update={"rows": {sku: row for sku, row in rows.items() if row is not None} or None})


def _rerouted(wanted: Reservation, refused: Sequence[str]) -> tuple[Reservation, list[str]]:
    """Returns the reservation with other rows for the products whose rows have refused it, and the skus that are short.
    Units of several rows are gathered in one if no row has enough. Raises _Conflict."""
    rows, short = dict(wanted.rows or {}), []
    for line in wanted.lines:
        if line.sku not in refused:
            continue
        stock = find_stock(line.sku) if _is_hot(line.sku) else None
        if stock is None:  # its only row has refused
            short.append(line.sku)
            continue
        first = stock_rows.first_row(stock.product, wanted.order_id) or 0
        row = stock_rows.row_with(stock, line.quantity, first)
        if row is None and stock.total.available >= line.quantity:
            _gather(line.sku, stock_rows.gathered(stock, line.quantity, first), wanted.updated_at)
        elif row is None:
            _require_unchanged(stock)
            short.append(line.sku)
        rows[line.sku] = first if row is None else row
    return wanted.model_copy(update={"rows": rows or None}), short


def _gather(sku: str, moves: Moves, now: datetime) -> None:
    """Raises _Conflict if somebody else took or moved the units first."""
    try:
        _transact(_moved(sku, moves, now))
    except _Refused as refused:
        raise _Conflict from refused


def _require_unchanged(stock: Stock) -> None:
    """Proves that the rows, which were read one after the other, had these contents at one moment: none has changed
    since the first was read. Each movement counts its row's version up. Raises _Conflict."""
    if find_stock(stock.product.sku) != stock:
        raise _Conflict


def _note_low_stock_of(reservation: Reservation) -> None:
    """Looks whether a movement of hot products made their unsold units few, or many again. As long as the row that
    moved has many, all rows together have."""
    for sku, row in (reservation.rows or {}).items():
        if reservation.status is ReservationStatus.RETURNED or _row(sku, row).on_hand <= LOW_STOCK_THRESHOLD:
            _note_low(sku, reservation.updated_at)


def _note_low(sku: str, now: datetime) -> None:
    """Notes in a hot product's own row when its unsold units have become few, once, or many again. If others move units
    at the same time, it is left to them, because each looks after its own movement."""
    dynamodb = client("dynamodb")
    for _ in _attempts():
        stock = find_stock(sku)
        if stock is None or not stock.product.stock_rows or not stock.low_unnoted:
            return
        try:
            _require_unchanged(stock)
            dynamodb.update_item(
                TableName=_table(),
                Key=to_item({"pk": _product_key(sku)}),
                UpdateExpression="SET stock_low = :low, stock_updated_at = :now ADD stock_version :one",
                ConditionExpression="stock_version = :found",
                ExpressionAttributeValues={
                    ":low": to_value(stock.total.available if stock.product.stock_low is None else None),
                    **to_item({":now": rfc3339(now), ":one": 1, ":found": stock.product.stock_version}),
                },
            )
        except (
            _Conflict,
            dynamodb.exceptions.ConditionalCheckFailedException,
            dynamodb.exceptions.TransactionConflictException,
        ):
            continue


def _is_hot(sku: str) -> bool:
    row = read_row(_table(), pk=_product_key(sku))
    return bool(row and row.get("stock_rows"))


def _known_stock(sku: str) -> Stock:
    """Raises UnknownProduct."""
    stock = find_stock(sku)
    if stock is None:
        raise UnknownProduct(sku)
    return stock


def _shown(rows: Iterable[Mapping[str, Any]]) -> Iterator[Product]:
    """Yields products for browsing, with the units of all their rows. Invalid rows are left out."""
    products = list(readable(rows, Product.model_validate))
    return (stock.total for stock in _stocks(products, consistent=False))


def _stocks(products: Sequence[Product], *, consistent: bool) -> Iterator[Stock]:
    """Yields the products with all their rows."""
    keys = {
        product.sku: [_stock_key(product.sku, row) for row in range(1, product.stock_rows or 1)] for product in products
    }
    found: dict[str, dict[str, Any]] = {}
    for some in batched(chain.from_iterable(keys.values()), MOST_ROWS_AT_ONCE, strict=False):
        found |= read_rows(_table(), some, consistent=consistent)
    for product in products:
        others = (found.get(key, {"pk": key}) for key in keys[product.sku])
        yield Stock(product=product, others=tuple(loaded(row, StockRow.model_validate) for row in others))


def _row(sku: str, row: int) -> StockRow:
    found = read_row(_table(), pk=_stock_key(sku, row))
    return loaded(found, StockRow.model_validate) if found else StockRow()


def _incoming(stock: Stock, booked: Restock) -> list[Any]:
    if stock.product.stock_rows:
        return _moved(booked.sku, stock_rows.levelled(stock, booked.quantity), booked.at)
    # Conditional on the stock that the restock record contains.
    return [_movement(booked.sku, RESTOCK, booked.quantity, booked.at, found=stock.product.stock_version)]


def _moved(sku: str, moves: Moves, now: datetime) -> list[Any]:
    """Returns an Update for each row whose available units change."""
    return [_movement(sku, Movement(available=by, reserved=0), 1, now, row=row) for row, by in moves.items()]


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────────────────


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
        dynamodb.update_item(**_entry_update(before, after))
    except (
        dynamodb.exceptions.ConditionalCheckFailedException,
        dynamodb.exceptions.TransactionConflictException,
    ) as conflict:
        raise _Conflict from conflict


def _entry_update(before: Product, after: Product) -> Any:
    """Returns an Update of the entry on condition that it has not changed; when a product becomes hot, that its stock
    has not moved either, because `stock_low` says something of it."""
    becomes_hot = after.stock_rows is not None and before.stock_rows is None
    names = [*_ENTRY, *(_SHARDS if after.stock_rows else ()), *(("stock_low",) if becomes_hot else ())]
    row, values = after.model_dump(mode="json"), {":before": before.version}
    if becomes_hot:
        values |= {":found": before.stock_version, ":one": 1}
    return {
        "TableName": _table(),
        "Key": to_item({"pk": _product_key(after.sku)}),
        "UpdateExpression": "SET "
        + ", ".join(f"#{name} = :{name}" for name in names)
        + (" ADD stock_version :one" if becomes_hot else ""),
        "ConditionExpression": "#version = :before" + (" AND stock_version = :found" if becomes_hot else ""),
        "ExpressionAttributeNames": {f"#{name}": name for name in names},
        "ExpressionAttributeValues": {**to_item(values), **{f":{name}": to_value(row[name]) for name in names}},
    }


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
    rows = reservation.rows or {}
    return [
        _movement(line.sku, movement, line.quantity, reservation.updated_at, row=rows.get(line.sku))
        for line in reservation.lines
    ]


def _movement(
    sku: str, movement: Movement, quantity: int, now: datetime, *, row: int | None = None, found: int | None = None
) -> Any:
    """Returns an Update of a row of a product's stock, or, with None, of an ordinary product. Its conditions are that
    the product exists, that no counter becomes negative, that its stock still has the version `found`, and, where the
    number of unsold units changes, that an ordinary product still is one."""
    moved = {name: by * quantity for name, by in vars(movement).items() if by}
    conditions = [f"{name} >= :{name}_taken" for name, by in moved.items() if by < 0]
    values = {":now": rfc3339(now), ":one": 1, **{f":{name}": by for name, by in moved.items()}}
    values |= {f":{name}_taken": -by for name, by in moved.items() if by < 0}
    if not row:
        conditions.insert(0, "attribute_exists(pk)")
    if row is None and movement.changes_on_hand:
        conditions.append("attribute_not_exists(stock_rows)")
    if found is not None:
        conditions.append("stock_version = :found")
        values[":found"] = found
    return {
        "Update": {
            "TableName": _table(),
            "Key": to_item({"pk": _stock_key(sku, row or 0)}),
            "UpdateExpression": "SET stock_updated_at = :now ADD stock_version :one, "
            + ", ".join(f"{name} :{name}" for name in moved),
            **({"ConditionExpression": " AND ".join(conditions)} if conditions else {}),
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


def _stock_key(sku: str, row: int) -> str:
    """Returns the key of a row of a product's stock. Row 0 is the product's own row."""
    return f"stock#{sku}#{row}" if row else _product_key(sku)


def _reservation_key(order_id: str) -> str:
    return f"reservation#{order_id}"


def _restock_key(sku: str, restock_id: str) -> str:
    return f"restock#{sku}#{restock_id}"


def _table() -> str:
    return os.environ["INVENTORY_TABLE"]
